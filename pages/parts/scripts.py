"""The JavaScript of widgets that is in several files: Streamlit takes one text."""

from pathlib import Path

_HERE = Path(__file__).parent


def script(*names: str) -> str:
    """These files one after another, each of which may use what stands in those before it."""
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)
