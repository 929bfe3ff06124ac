"""The files of the page, read once: nothing that a browser asks for becomes a path."""

from importlib import resources
from typing import Final

_KINDS: Final = {
    "aim.html": "text/html; charset=utf-8",
    "aim.css": "text/css; charset=utf-8",
    "aim.js": "text/javascript; charset=utf-8",
    "gauges.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "lane_editor.js": "text/javascript; charset=utf-8",
    "view.js": "text/javascript; charset=utf-8",
    "texts.en.json": "application/json",
}

PAGE_FILES: Final = {
    "/" if name == "aim.html" else f"/{name}": (
        (resources.files("edge_lpr.aim") / "page" / name).read_bytes(),
        kind,
    )
    for name, kind in _KINDS.items()
}
"""Content and kind, by the path that a browser asks for."""
