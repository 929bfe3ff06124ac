"""Where verified sightings are kept: PostgreSQL for a fleet, SQLite for one booth."""
