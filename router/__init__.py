"""Firstline's router: the pure core, its bytes, and everything that runs it."""
