"""The publisher process: has the network and the outbox, and neither pixels nor token keys."""
