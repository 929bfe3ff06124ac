"""What a central server runs: verify, drop duplicates, find gaps."""
