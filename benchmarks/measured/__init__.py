"""Checks of the forward model against measured spectra and other programs.

Each module computes rows of one kind; the tests in ``tests/physics`` hold the same
rows to their tolerances that ``benchmarks/physics_checks.py`` prints and draws.
"""
