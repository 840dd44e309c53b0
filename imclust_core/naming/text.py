"""What people type, made fit to be kept: one line, no hidden characters, not endless."""

from imclust_core.errors import LabelsError

MOST_NAME, MOST_NOTE, MOST_AUTHOR = 100, 2000, 80

JOINERS = "\u200c\u200d"
"""Invisible, but what some emoji and some scripts are made with."""


def clean(text: str, most: int, what: str) -> str:
    """The text on one line, without what no screen can show or what turns text round; LabelsError if it is too long."""
    legible = "".join(char if char.isprintable() or char in JOINERS else " " for char in text)
    # Without joiners that join nothing: a name of them alone could not be seen.
    found = " ".join(word for word in legible.split() if word.strip(JOINERS))
    if len(found) > most:
        raise LabelsError(
            f"{what} can have up to {most:,} characters, and this one has {len(found):,}. Nothing was saved. Make it "
            "shorter."
        )
    return found
