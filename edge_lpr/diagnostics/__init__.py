"""``edge-lpr diagnose``: what is wrong with a booth, which comes first, and what to do about it."""
