"""The codes of the test card, in the order of its way: what comes first hides what comes after."""

from typing import Final

from edge_lpr.diagnostics.code import Code

CARD_CODES: Final[tuple[Code, ...]] = (
    Code(
        "LPR-T01",
        "card",
        "no frames come from the camera",
        "the camera is away, or its stream stands still",
        "see to the camera first: `diagnose` says what it gives",
    ),
    Code(
        "LPR-T02",
        "card",
        "no plate is found in the picture",
        "the card is outside the lane's corners, turned away, partly covered or much too far "
        "away; or the lens is covered, or far out of focus",
        "hold the card flat and upright where plates pass, nearer to the camera, and no finger "
        "over its frame; `aim` shows where plates are seen",
    ),
    Code(
        "LPR-T03",
        "card",
        "the card is too small in the picture",
        "it is too far away for its size, or the lens is too wide",
        "go nearer with it, or take the A4 card; if the plates of vehicles are as narrow there, "
        "zoom in or move the camera (LPR-O01)",
    ),
    Code(
        "LPR-T04",
        "card",
        "the card is blurred in the picture",
        "it is moved fast, or is nearer than the lens is focused for; or the lens is out of focus",
        "carry it slowly, where plates pass; if it stays so, turn the focus by `aim` while "
        "somebody holds the card, then shorten the shutter time",
    ),
    Code(
        "LPR-T05",
        "card",
        "a plate is seen, but not read surely",
        "the card is bent, in shade or glare, stands still in a lane with a direction line, or was "
        "shown less than half a minute before",
        "wait half a minute; then carry the card slowly along the lane, flat and upright, its "
        "whole frame in the light",
    ),
    Code(
        "LPR-T06",
        "card",
        "the card is read wrongly",
        "dirt on the lens, glare, too little light, a poor print, or a reader that is at fault",
        "clean the lens, and print the card again, at its full size on matt white paper; if it "
        "stays so where `diagnose` finds nothing wrong, report it",
    ),
    Code(
        "LPR-T07",
        "card",
        "another plate was read, and not the card",
        "a vehicle passed and the card was not seen, or what was shown is not the card of this "
        "version",
        "wait until the lane is free, print the card of docs/card.md, and show it again",
    ),
    Code(
        "LPR-T08",
        "card",
        "the card's token is wrong",
        "the program or the machine makes wrong tokens, so that no plate is recognised anywhere",
        "switch the booth off and on; if it stays so, replace it (docs/replacing.md) and report it",
    ),
)
"""From the camera to the token."""
