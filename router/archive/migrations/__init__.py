"""The history of the schema itself: one revision per change, up and down, on both data bases."""
