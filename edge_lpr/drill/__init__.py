"""The breach drill: everything is stolen in turn, and what the thief gets is counted."""
