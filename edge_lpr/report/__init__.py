"""The diagnostics bundle: what leaves a booth for whoever helps, and how it is verified."""
