"""The core as machine code: the same decisions, and plain Python where there is none."""
