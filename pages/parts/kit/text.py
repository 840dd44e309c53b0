"""Text from outside (names, paths, messages) on its way into places that read Markdown."""

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$:<>&=@/])")


def plain(text: str) -> str:
    """Escape Markdown, so that the text is shown letter by letter and nothing in it is run or fetched."""
    return _SPECIAL.sub(r"\\\1", text.replace("\n", " "))


def plural(number: int, one: str, many: str = "") -> str:
    """A number and its noun: "1 file", "5,011 files"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
