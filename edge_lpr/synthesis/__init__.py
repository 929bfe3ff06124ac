"""Renders plates, scenes and lanes with known truth, from numpy and OpenCV alone."""
