"""From a flashed card to the first sighting, and how far it got."""
