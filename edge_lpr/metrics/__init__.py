"""``edge-lpr metrics``: how a booth is, for Prometheus, and nothing that tells a vehicle's time."""
