"""Canonical plates, token suite 1 and the files that hold its keys."""
