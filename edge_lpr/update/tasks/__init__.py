"""One module for each word of ``edge-lpr update``, loaded when the word is given.

RAUC asks for a slot often, and neither a web client nor Argon2 has anything to do with that.
"""
