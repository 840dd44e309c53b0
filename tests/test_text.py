"""Text from outside on its way to a screen."""

import pytest

from imclust_core.names import display_name
from pages.parts.kit.text import plain, plural
from tests.helpers.cases import case
from tests.helpers.hostile import EVIL_NAMES


def test_escaped_text_has_no_unescaped_markdown_and_says_the_same() -> None:
    for name in EVIL_NAMES:
        with case(name):
            text = display_name(name)
            escaped = plain(text)
            bare = escaped.replace("\\\\", "")
            for index, char in enumerate(bare):
                if char in "*_`[]()<>$:#~|!":
                    assert bare[index - 1] == "\\", (char, escaped)
            unescaped = "".join(
                char for index, char in enumerate(escaped) if char != "\\" or (index and escaped[index - 1] == "\\")
            )
            assert unescaped.replace("\\", "") == text.replace("\\", "")


@pytest.mark.parametrize(("number", "text"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (5011, "5,011 files")])
def test_numbers_and_their_nouns(number: int, text: str) -> None:
    assert plural(number, "file") == text
