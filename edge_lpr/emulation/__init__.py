"""A booth in an emulator: its image, a lane for its camera, a broker on the host."""
