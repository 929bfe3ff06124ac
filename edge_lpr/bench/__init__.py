"""``edge-lpr bench``: how fast a booth is on this machine, and what it costs.

Everything runs through the real parts: the pipeline with the engine of a device, and a whole booth
with a real broker. What is measured is rendered, so nothing has to be fetched or stored.
"""
