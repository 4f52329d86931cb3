"""The one number that layout and compiled loops share, free of numba."""

LANES = 64
"""Pixels of a group: a bit of each fills one word."""
