"""What happened at a booth, for an auditor: the log, what is read from it, and leak searches."""
