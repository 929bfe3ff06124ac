"""The weights that ship, their manifest, and the reader network's definition."""
