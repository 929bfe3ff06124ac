"""What every other package may rest on: errors, clock, settings, log, service notification."""
