"""Makes a broker ready for booths and consumers: who may do what, and laboratory certificates."""
