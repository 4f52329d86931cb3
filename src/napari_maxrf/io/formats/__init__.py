"""Formats of instruments and programs, each a module with a `Format`."""
