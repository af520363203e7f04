"""Bytes: how commands, entries of the log and records are written, read and brought up to date. Pure."""
