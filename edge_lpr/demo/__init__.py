"""``edge-lpr demo``: the three real processes, a broker and a verifying consumer, in one command.

The demo runs the processes and never imports them.
"""
