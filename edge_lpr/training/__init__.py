"""Data sets, training, evaluation and export; never installed on a device."""

import os

# Set before anything here imports ultralytics, which by default installs packages, looks for a
# network, and tells what it does on the screen.
os.environ.setdefault("YOLO_AUTOINSTALL", "0")
os.environ.setdefault("YOLO_OFFLINE", "1")
os.environ.setdefault("YOLO_VERBOSE", "0")
