"""Says on standard error what the bench is at, so that nobody thinks that it hangs."""

import sys


def say(sentence: str) -> None:
    """Write a line.

    Args:
        sentence: What is being done; never a plate.
    """
    sys.stderr.write(f"edge-lpr bench: {sentence}\n")
    sys.stderr.flush()
