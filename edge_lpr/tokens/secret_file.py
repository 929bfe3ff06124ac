"""Moved to ``edge_lpr.core.secret_file``; goes away once nobody imports it from here."""

from edge_lpr.core.secret_file import read_secret_file, write_secret_file

__all__ = ["read_secret_file", "write_secret_file"]
