"""Simulates a lane: passages of vehicles before one camera, with known truth.

1. ``scenarios.py`` says who drives when and how, in metres
2. ``plan.py`` strings scenarios together to shifts, chooses plates, and works out the truth
3. ``frames.py`` renders a shift, frame by frame

The same seed gives the same frames. Nothing here is used by training: plates are lettered and
drawn by ``plates.py``, vehicles by ``bodies.py`` and what is around them by ``backdrop.py``, so
that what was learned from training's drawings does not help here. Only the formats of countries,
which say what stands on a plate, are shared.
"""
