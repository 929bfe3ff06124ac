"""Trains detector and reader, exports and measures them: ``python -m edge_lpr.training``."""

import sys

from edge_lpr.training.run import main

if __name__ == "__main__":
    sys.exit(main())
