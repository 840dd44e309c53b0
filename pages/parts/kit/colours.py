"""The colours of groups and clusters: the same thing has the same colour on every page.

Twelve, spread as far apart in OKLab as can be, to eyes with full colour vision and with each of the three kinds of
colour blindness, on white and on black. A test holds how far. Beyond twelve, number and name tell groups apart.
"""

PALETTE = (
    "#961eff",
    "#f0a50f",
    "#009669",
    "#ff2d1e",
    "#78a5b4",
    "#784b69",
    "#4bd296",
    "#b4000f",
    "#b4b4ff",
    "#693cb4",
    "#7878b4",
    "#b478ff",
)

NOISE = "#8a9099"


def colour_of(number: int) -> str:
    """The colour of a group by its number, from 1."""
    return PALETTE[(number - 1) % len(PALETTE)]


def ink_on(colour: str) -> str:
    """Black or white, whichever can be read better on a colour."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    light = sum(
        share * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
        for share, part in ((0.2126, red), (0.7152, green), (0.0722, blue))
    )
    return "#000000" if light > 0.179 else "#ffffff"
