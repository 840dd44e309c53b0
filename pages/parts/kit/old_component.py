"""The JavaScript of widgets that is in several files: Streamlit takes one text."""

from pathlib import Path


def script(folder: Path, *names: str) -> str:
    """These files of a folder one after another, each of which may use what stands in those before it."""
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
