"""The colours of groups: apart from each other to every eye, and legible on white and on black."""

import itertools

import numpy as np
import pytest

from pages.parts.kit.colours import NOISE, PALETTE, colour_of, ink_on

# How colours look to eyes that lack one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1), in linear RGB.
EYES = {
    "full": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
APART = {"full": 0.12, "no red": 0.11, "no green": 0.11, "no blue": 0.075}


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Ottosson 2020."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    axes = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return axes @ np.cbrt(cones @ rgb)


@pytest.mark.parametrize("eye", EYES)
def test_any_two_of_the_twelve_colours_look_different(eye: str) -> None:
    seen = [oklab(np.clip(np.array(EYES[eye]) @ linear(colour), 0, 1)) for colour in PALETTE]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= APART[eye]


def light(colour: str) -> float:
    return float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour))


def contrast(a: str, b: str) -> float:
    bright, dark = sorted((light(a), light(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", [*PALETTE, NOISE])
def test_a_colour_stands_out_from_both_themes_and_its_number_from_the_colour(colour: str) -> None:
    assert contrast(colour, "#ffffff") >= 1.9
    assert contrast(colour, "#14171a") >= 2.4
    assert contrast(colour, ink_on(colour)) >= 4.5


def test_after_the_twelfth_number_the_colours_come_again() -> None:
    assert [colour_of(number) for number in range(1, 14)] == [*PALETTE, PALETTE[0]]
