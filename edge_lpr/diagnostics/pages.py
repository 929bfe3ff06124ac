"""Makes the pages of ``docs/codes/`` from the table of codes."""

from pathlib import Path

from edge_lpr.diagnostics.card_words import CHECKS_OF_CARD
from edge_lpr.diagnostics.code import Code
from edge_lpr.diagnostics.codes import AREAS, CODES
from edge_lpr.diagnostics.words import BROKER_CODES, WORDS


def pages() -> dict[str, str]:
    """Return every page by its file's name."""
    made = {f"{code.code}.md": _page(code) for code in CODES}
    made["README.md"] = _index()
    return made


def write_pages(folder: Path) -> None:
    """Write them, and remove those of codes that are no more.

    Args:
        folder: Of the pages.
    """
    made = pages()
    for old in folder.glob("LPR-*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


def _page(code: Code) -> str:
    """Return the page of one code."""
    checks = sorted(name for name, (_, own, _) in WORDS.items() if own == code.code)
    checks += [CHECKS_OF_CARD[code.code]] if code.code in CHECKS_OF_CARD else []
    if not checks and code.code in BROKER_CODES:
        checks = ["broker"]
    said = ", ".join(f"`{name}`" for name in checks)
    again = "edge-lpr diagnose --card" if code.area == "card" else "edge-lpr diagnose"
    told = f"Told by: {said}.\n\n" if checks else "\n\n"
    return (
        f"# {code.code}: {code.title}\n"
        f"Area: {AREAS[code.area].lower()}. {told}"
        f"**How it comes about.** {_sentence(code.cause)}\n\n"
        f"**What to do.** {_sentence(code.remedy)}\n\n"
        f"Then run `{again}` again. [All codes](README.md); "
        "[how they are told](../diagnose.md).\n"
    )


def _index() -> str:
    """Return the list of all, from the first of causes to the last."""
    rows = "\n".join(
        f"| [{code.code}]({code.code}.md) | {AREAS[code.area].lower()} | {code.title} |"
        for code in CODES
    )
    return (
        "# The codes of `edge-lpr diagnose`\n"
        "Made by `scripts/diagnosis_codes` from one table. In the order of causes: what stands "
        "further up makes what stands\nbelow it fail, so it is seen to first.\n\n"
        f"| code | area | what is wrong |\n|---|---|---|\n{rows}\n"
    )


def _sentence(text: str) -> str:
    """Return a text that begins large and ends with a full stop."""
    return f"{text[0].upper()}{text[1:]}."
