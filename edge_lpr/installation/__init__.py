"""The installer's answers: their file, and what they mean to the system that a booth runs on."""
