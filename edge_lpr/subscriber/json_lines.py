"""What booths say as JSON: one object an event, for programs in any language."""

import json
from typing import Any

from edge_lpr.subscriber.fleet_state import DeviceState
from edge_lpr.subscriber.sequence import SequenceRange
from edge_lpr.subscriber.verdicts import (
    DeviceStatus,
    Refusal,
    Verdict,
    VerifiedBirth,
    VerifiedCheckpoint,
    VerifiedGap,
    VerifiedHealth,
    VerifiedSighting,
)
from edge_lpr.wire import base64url
from edge_lpr.wire.sighting import SightingClaims
from edge_lpr.wire.topics import DeviceAddress

_KINDS = {
    VerifiedBirth: "birth",
    VerifiedSighting: "sighting",
    VerifiedHealth: "health",
    VerifiedGap: "gap",
}


def event_object(event: Verdict) -> dict[str, Any]:
    """Return an event as an object: who, what kind, and the claims as they were signed.

    What a booth of hits alone packs into ``hit`` is taken apart: ``exact``, ``fold``, ``entry`` and
    ``possible``. The ``hit`` of an event is what the consumer's own watch-list says.

    Args:
        event: As handed out.
    """
    if isinstance(event, Refusal):
        return {
            "event": "refusal",
            **({} if event.address is None else _address(event.address)),
            "verified": False,
            "reason": event.reason.value,
            "detail": event.detail,
        }
    if isinstance(event, DeviceStatus):
        # Nobody signs a status.
        return {
            "event": "status",
            **_address(event.address),
            "verified": False,
            "boot": event.claims.boot,
            "online": event.claims.is_online,
        }
    if isinstance(event, VerifiedCheckpoint):
        return {
            "event": "checkpoint",
            **_address(event.address),
            "verified": True,
            "size": event.checkpoint.size,
            "root": base64url.encode(event.checkpoint.root).decode(),
            "note": event.document.decode("utf-8"),
        }
    found: dict[str, Any] = {
        "event": _KINDS[type(event)],
        **_address(event.address),
        "verified": True,
        **json.loads(event.claims.encode()),
    }
    found |= _missing(event.missing)
    if isinstance(event, VerifiedBirth):
        found["continuity"] = event.continuity.value
    if isinstance(event, VerifiedGap):
        found["lost"] = event.lost
    if isinstance(event, VerifiedSighting):
        found |= _list_entry(found.pop("hit", None), event.claims)
        if event.hit is not None:
            found["hit"] = {"match": event.hit.match.value, "entries": list(event.hit.entries)}
    return found


def device_object(device: DeviceState, now_unix_s: int) -> dict[str, Any]:
    """Return what is known of a booth as an object.

    Args:
        device: Its state.
        now_unix_s: UTC in whole seconds since 1970.
    """
    health = device.health
    return {
        "event": "device",
        **_address(device.address),
        "online": device.is_online,
        "seen_s_ago": now_unix_s - device.seen_at if device.seen_at else None,
        "lag_s": device.lag_s,
        "sightings": device.sightings,
        "missing": device.missing,
        "lost": device.lost,
        "software": device.software,
        "certificate_days": device.certificate_days(now_unix_s),
        "key_days": health.key_days if health else None,
        "alarms": list(health.all_alarms) if health else None,
    }


def _address(address: DeviceAddress) -> dict[str, str]:
    """Return who it was."""
    return {"tenant": address.tenant, "site": address.site, "device": address.device}


def _list_entry(packed: str | None, claims: SightingClaims) -> dict[str, Any]:
    """Return the members that a booth of hits alone packs into one claim; ``hit`` is free then."""
    if packed is None or claims.entry is None:
        return {}
    parts = {"exact": claims.exact, "fold": claims.fold, "entry": claims.entry}
    texts = {name: base64url.encode(octets).decode() for name, octets in parts.items()}
    return {**texts, "possible": claims.possible}


def _missing(missing: SequenceRange | None) -> dict[str, list[int]]:
    """Return what is missing, if anything is."""
    return {} if missing is None else {"missing": [missing.first, missing.last]}
