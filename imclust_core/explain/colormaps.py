"""The colours of a heat map, from little to much."""

import functools

import numpy as np

from imclust_core.errors import ExplainError

MAPS = ("heat", "jet")
"""heat: even steps to the eye, with or without a kind of cone. jet: what many are used to, with edges that are not in
the map."""

_LIGHT = (0.15, 0.97)
_HUE = (300.0, 465.0)
"""Degrees: from violet through red and orange to yellow."""
_CHROMA = (0.054, 0.117)
"""At both ends, and what is added in the middle; more than this would leave the colours a screen has."""

_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_AXES = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
"""OKLab (Ottosson 2020): linear RGB to cones, and the cube roots of those to lightness and two axes of colour."""


@functools.cache
def colour_table(name: str) -> np.ndarray:
    """The colours of a map (256, 3) uint8, read-only; one of `MAPS`."""
    made = {"heat": _heat, "jet": _jet}
    if name not in made:
        raise ExplainError(f"{name!r} is no map of colours. Expected one of: {', '.join(MAPS)}.")
    table: np.ndarray = np.round(255 * made[name](np.linspace(0, 1, 256))).astype(np.uint8)
    table.setflags(write=False)
    return table


def _heat(at: np.ndarray) -> np.ndarray:
    """Lightness, hue and chroma of OKLCh (n,), each on its own even way, as sRGB (n, 3) in 0..1."""
    light = _LIGHT[0] + (_LIGHT[1] - _LIGHT[0]) * at
    hue = np.deg2rad(_HUE[0] + (_HUE[1] - _HUE[0]) * at)
    chroma = _CHROMA[0] + _CHROMA[1] * np.sin(np.pi * at)
    lab = np.stack([light, chroma * np.cos(hue), chroma * np.sin(hue)])
    linear = np.linalg.solve(_CONES, np.linalg.solve(_AXES, lab) ** 3).T
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _jet(at: np.ndarray) -> np.ndarray:
    """Red, green and blue (n, 3): each rises, stays and falls in straight lines, one after the other."""
    shown: np.ndarray = np.clip(1.5 - np.abs(4 * at[:, None] - np.array([3, 2, 1])), 0, 1)
    return shown
