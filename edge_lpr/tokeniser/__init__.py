"""The tokeniser process: plate readings in, signed sightings out; has keys, sees no pixel."""
