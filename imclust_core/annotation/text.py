"""What people type, made fit to be kept: one line, no hidden characters, not endless."""

from imclust_core.errors import LabelsError

MOST_NAME, MOST_NOTE, MOST_AUTHOR = 100, 2000, 80

JOINERS = "\u200c\u200d"
"""Invisible, but what some emoji and some scripts are made with."""

_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d159"
_SELECTORS = "".join(
    chr(code)
    for first, last in ((0x180B, 0x180F), (0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
    for code in range(first, last + 1)
)
_UNSEEN = JOINERS + _BLANKS + _SELECTORS
"""Letters and marks by their kind, of which no screen shows anything unless something else stands beside them."""


def clean(text: str, most: int, what: str) -> str:
    """The text on one line, without what no screen can show or what turns text round; LabelsError if it is too long."""
    legible = "".join(char if char.isprintable() or char in JOINERS else " " for char in text)
    # Without what stands beside nothing: a name of that alone could not be seen. In a word it stays, as in "❤️".
    found = " ".join(word for word in legible.split() if word.strip(_UNSEEN))
    if len(found) > most:
        raise LabelsError(
            f"{what} can have up to {most:,} characters, and this one has {len(found):,}. Nothing was saved. Make it "
            "shorter."
        )
    return found
