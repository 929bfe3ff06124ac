"""edge-lpr: reads plates in a border booth and publishes only keyed plate tokens."""

__version__ = "0.1.0"
