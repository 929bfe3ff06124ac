"""Data sets, training, evaluation and export; never installed on a device."""
