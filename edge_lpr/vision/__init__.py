"""The vision process: pixels in, 64-byte readings out. It has no key and no network."""
