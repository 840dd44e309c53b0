"""The colours of groups: apart from each other to every eye, and legible on white and on black."""

import itertools

import numpy as np

from pages.parts.kit.colours import NOISE, PALETTE, colour_of, ink_on
from tests.helpers.cases import case
from tests.helpers.colours import EYES, contrast, linear, oklab

APART = {"full": 0.12, "no red": 0.11, "no green": 0.11, "no blue": 0.075}


def test_any_two_of_the_twelve_colours_look_different() -> None:
    for eye in EYES:
        with case(eye):
            seen = [oklab(np.clip(np.array(EYES[eye]) @ linear(colour), 0, 1)) for colour in PALETTE]
            assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= APART[eye]


def test_a_colour_stands_out_from_both_themes_and_its_number_from_the_colour() -> None:
    for colour in [*PALETTE, NOISE]:
        with case(colour):
            assert contrast(colour, "#ffffff") >= 1.9
            assert contrast(colour, "#14171a") >= 2.4
            assert contrast(colour, ink_on(colour)) >= 4.5


def test_after_the_twelfth_number_the_colours_come_again() -> None:
    assert [colour_of(number) for number in range(1, 14)] == [*PALETTE, PALETTE[0]]
