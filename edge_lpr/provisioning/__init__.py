"""Gives a booth its identity: keys of its own, and what the authority answers to them."""
