"""Topics and the signed documents that cross the broker: the MQTT contract, version 1."""
