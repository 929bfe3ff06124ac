"""Every code that ``edge-lpr diagnose`` can name: what it means, its causes, and what to do.

In the order of causes: what stands further up makes what stands below it fail, not the other way
round, so of all that is bad the first one here is the first cause. ``docs/codes/`` is made from
this table (``scripts/diagnosis_codes``).
"""

from collections.abc import Mapping
from typing import Final

from edge_lpr.diagnostics.card_codes import CARD_CODES
from edge_lpr.diagnostics.code import Code

AREAS: Final[Mapping[str, str]] = {
    "settings": "Settings and enrolment",
    "board": "The board",
    "processes": "The three processes",
    "models": "Models and speed",
    "camera": "The camera",
    "optics": "Lens, shutter and light",
    "keys": "Keys and tokens",
    "broker": "Broker and queue",
    "funnel": "From frames to sightings",
    "card": "The test card",
    "sandbox": "The sandbox",
}
"""In the order of the report."""


CODES: Final[tuple[Code, ...]] = (
    Code(
        "LPR-I01",
        "settings",
        "there are no settings",
        "nobody has given this booth its answers yet, or its state is not open",
        "put installation.toml on the boot partition and start the booth (docs/flashing.md)",
    ),
    Code(
        "LPR-I02",
        "settings",
        "the settings cannot be used",
        "a key or a value in booth.toml is wrong",
        "correct what the line names; by installation.toml on a flashed booth",
    ),
    Code(
        "LPR-B03",
        "board",
        "the disk is full",
        "the card is too small, worn, or something fills it",
        "replace the card (docs/replacing.md); sightings that are not sent yet stay on it",
    ),
    Code(
        "LPR-B07",
        "board",
        "the clock is wrong",
        "no time server was reached, and the battery of the clock is empty or there is none",
        "let the booth reach its time server: UDP port 123, the address in installation.toml",
    ),
    Code(
        "LPR-B01",
        "board",
        "the board is too hot",
        "the sun, a fan that stands still, or a box without air",
        "give it shade and air, clean or replace the fan",
    ),
    Code(
        "LPR-B02",
        "board",
        "the board has slowed itself down",
        "its supply is too weak (under-voltage), or it was too hot",
        "use the board's own power supply and a short cable; see that it is cool",
    ),
    Code(
        "LPR-B05",
        "board",
        "there is little memory left",
        "the board is too small, or a process grows",
        "restart; if it comes back, report it with a bundle",
    ),
    Code(
        "LPR-M03",
        "models",
        "a model is not the one that was shipped",
        "a file was replaced or is damaged; vision refuses to start with it",
        "install the system again (edge-lpr update), or replace the card",
    ),
    Code(
        "LPR-B06",
        "board",
        "a process had to be ended because it hung",
        "a driver or the disk stood still, or a fault of the software",
        "report it with a bundle; if it was the disk, replace the card",
    ),
    Code(
        "LPR-C01",
        "camera",
        "the camera gives no picture",
        "its cable, its power or its network, or another address than in the settings",
        "see to plug and power; for an IP camera, that its address is the one in the settings",
    ),
    Code(
        "LPR-U01",
        "processes",
        "a process crashes again and again",
        "settings, a key file or a device that it cannot do without, or a fault of the software",
        "see what its last log line says: journalctl -u edge-lpr-NAME -n 5; restart; report it",
    ),
    Code(
        "LPR-U02",
        "processes",
        "a process does not run",
        "it was stopped, or the booth is not enrolled yet",
        "edge-lpr progress says how far the enrolment is; then restart",
    ),
    Code(
        "LPR-U04",
        "processes",
        "a process is being started",
        "it was started a moment ago; vision loads its models first, which takes up to a minute",
        "wait a minute and ask again; if it is then still so: restart; report it",
    ),
    Code(
        "LPR-U03",
        "processes",
        "a process runs, and does not answer",
        "it hangs, or is of another release",
        "restart",
    ),
    Code(
        "LPR-C02",
        "camera",
        "the camera gives the same picture again and again",
        "its encoder or a converter stands still; the picture is sent on and shows nothing new",
        "take the camera's power away for ten seconds",
    ),
    Code(
        "LPR-C03",
        "camera",
        "the camera sees nothing but black",
        "the lens is covered, or it is night and no lamp burns",
        "take the cap off, clean the glass, see to the lamp",
    ),
    Code(
        "LPR-O06",
        "optics",
        "a half of the lens is covered",
        "tape, mud, a leaf, or a visor that has slipped",
        "look at the camera from the front, and clean it; the evidence names the side",
    ),
    Code(
        "LPR-C04",
        "camera",
        "the camera gives too few frames",
        "a long exposure at night, a slow network, or its setting",
        "set it to 10 to 30 frames a second, and the shutter to 1/500 s or shorter",
    ),
    Code(
        "LPR-C06",
        "camera",
        "the camera's time stamps make no sense",
        "its clock jumps; the time of arrival serves instead",
        "let the camera take its time from a time server; nothing is lost meanwhile",
    ),
    Code(
        "LPR-O04",
        "optics",
        "plates are over-exposed",
        "the shutter is open too long, the lamp too near, or the sun shines into the lens",
        "shorten the exposure or turn the lamp down; shield the lens against low sun; then aim",
    ),
    Code(
        "LPR-O05",
        "optics",
        "plates are too dark",
        "the lamp is off or too weak, or the exposure too short for it",
        "see to the lamp first; only then lengthen the exposure; aim shows what it does",
    ),
    Code(
        "LPR-O02",
        "optics",
        "the lens is out of focus",
        "it was turned, or the plate is nearer or farther than where it was focused",
        "aim: turn the focus until its gauge is at its target, while vehicles pass; "
        "the number here then falls below 3.2 px",
    ),
    Code(
        "LPR-O03",
        "optics",
        "the shutter is too slow",
        "vehicles move by several pixels while it is open",
        "set a shorter exposure, 1/500 s or less, and more light instead; aim shows what it does",
    ),
    Code(
        "LPR-O08",
        "optics",
        "plates pass outside the lanes",
        "the lanes' corners in the settings are not where the lane is, or the camera was turned",
        "aim: see where plates pass, and set vision's lanes there",
    ),
    Code(
        "LPR-O07",
        "optics",
        "the camera looks askew",
        "it was turned or has sunk, or hangs too far beside the lane",
        "aim: turn it upright (10 degrees at most), and look along the lane (25 at most)",
    ),
    Code(
        "LPR-O01",
        "optics",
        "plates are too small",
        "the camera hangs too far away, or its zoom is too wide",
        "aim: zoom in or come nearer, until plates are 130 px wide where they are read",
    ),
    Code(
        "LPR-M01",
        "models",
        "the models do not read what they must",
        "memory or an inference library is at fault",
        "restart; if it stays, install the system again",
    ),
    Code(
        "LPR-F02",
        "funnel",
        "an inference library has failed on frames",
        "memory ran out, or the library is at fault",
        "restart; if the number grows again, report it with a bundle",
    ),
    Code(
        "LPR-K01",
        "keys",
        "tokens come out wrong",
        "memory or a library of the tokeniser is at fault; nothing it publishes can be matched",
        "restart; if it stays, install the system again",
    ),
    Code(
        "LPR-K02",
        "keys",
        "token keys end",
        "the authority has issued no new ones, or they do not reach this booth",
        "tell the key custodian; without keys nothing is published, and nothing is made up",
    ),
    Code(
        "LPR-K04",
        "keys",
        "the device certificate ends",
        "it was not renewed",
        "see that the enrolment service is reached; else a new ticket (docs/enrolment.md)",
    ),
    Code(
        "LPR-K05",
        "keys",
        "the tokeniser hears nothing from vision",
        "vision does not run or hangs",
        "restart",
    ),
    Code(
        "LPR-P09",
        "broker",
        "the outbox cannot be written",
        "the disk is full or fails",
        "replace the card (docs/replacing.md)",
    ),
    Code(
        "LPR-P04",
        "broker",
        "the broker's name has no address",
        "the name server is away or does not know it, or the name is misspelt",
        "see to the network and the name server; or give the address in the deployment bundle",
    ),
    Code(
        "LPR-P07",
        "broker",
        "the booth's TLS certificate has ended, or is about to",
        "it was not renewed",
        "see that the enrolment service is reached; else a new ticket (docs/enrolment.md)",
    ),
    Code(
        "LPR-P02",
        "broker",
        "what answers is not the agency's broker",
        "a wrong address, a broker with another certificate, or somebody in between",
        "compare publisher.broker_host with what the broker's operator says; never switch TLS off",
    ),
    Code(
        "LPR-P03",
        "broker",
        "the broker refuses this booth",
        "it is not on the broker's list, was banned, or another one has its name",
        "tell the broker's operator the booth's name and the number of the refusal",
    ),
    Code(
        "LPR-P01",
        "broker",
        "the broker does not answer",
        "the network, a firewall on the way, or the broker is down",
        "see to cable, link and modem; ask the broker's operator whether it runs",
    ),
    Code(
        "LPR-P05",
        "broker",
        "the connection to the broker does not come about",
        "the tokeniser has said nothing yet, or the broker takes the connection and stops",
        "wait a minute; if it stays, restart",
    ),
    Code(
        "LPR-P06",
        "broker",
        "the queue of sightings grows",
        "the link is too slow, or the broker takes less than comes",
        "see to the link's signal and speed; nothing is lost while the outbox has room",
    ),
    Code(
        "LPR-P08",
        "broker",
        "the day's data budget is nearly spent",
        "more vehicles, more health records, or requests for old sightings",
        "raise publisher.daily_megabytes; live sightings go on",
    ),
    Code(
        "LPR-M02",
        "models",
        "the board is too slow for the lane",
        "it has too few cores, is throttled, or something else uses them",
        "see that nothing else runs, that it is cool, and that vision.long_side_px is not raised",
    ),
    Code(
        "LPR-F01",
        "funnel",
        "most vehicles are not published",
        "plates are seen, and lost on the way; the evidence names where the most are",
        "aim the camera by its numbers; what the losses mean is in docs/running.md",
    ),
    Code(
        "LPR-F03",
        "funnel",
        "readings or sightings are lost between processes",
        "a process stood still, or there was no key for the passage's day",
        "see the lines about processes and keys",
    ),
    Code(
        "LPR-B04",
        "board",
        "the disk is worn",
        "it has been written to for years",
        "replace the card at the next visit (docs/replacing.md)",
    ),
    Code(
        "LPR-K03",
        "keys",
        "keys are not sealed to the board",
        "the board has no TPM, or the booth was enrolled without it",
        "know what that means: docs/custody.md; nothing to do on a board without one",
    ),
    Code(
        "LPR-S01",
        "sandbox",
        "vision has a network",
        "its unit was changed, or its camera is an IP camera",
        "with an IP camera this is as it must be; else install the system again",
    ),
    Code(
        "LPR-S02",
        "sandbox",
        "vision has written to a disk",
        "its unit was changed; it must write nothing at all",
        "switch the booth off and report it: this must not happen",
    ),
    Code(
        "LPR-S03",
        "sandbox",
        "a sandbox is wider than it must be",
        "a unit or a drop-in was changed",
        "install the system again; report it if nobody changed it",
    ),
    Code(
        "LPR-A01",
        "sandbox",
        "this diagnosis could not be recorded",
        "the audit log cannot be written: its disk is full, broken or not open",
        "see the lines about the disk; the diagnosis itself has changed nothing",
    ),
    *CARD_CODES,
)
"""From the first of causes to the last."""

BY_CODE: Final[Mapping[str, Code]] = {code.code: code for code in CODES}

RANKS: Final[Mapping[str, int]] = {code.code: rank for rank, code in enumerate(CODES)}
"""The smaller, the further up among causes."""
