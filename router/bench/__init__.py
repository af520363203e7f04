"""Figures, each beside its reference in one run, and the demo that plays customers and agents on the real server."""
