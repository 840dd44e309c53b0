"""Back from the square that a network was given to the whole picture it was cut from."""

import numpy as np

from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.errors import ExplainError


def lay(
    values: np.ndarray, preprocessing: Preprocessing, width: int, height: int, out_width: int, out_height: int
) -> tuple[np.ndarray, np.ndarray]:
    """What was found at the places of a network's square, over the picture of width x height that it was cut from.

    values: (h, w) or (h, w, c), for h x w equal parts of the square. The picture is scaled to out_width x out_height.
    Returns laid (out_height, out_width[, c]) float32, 0 where the network was given nothing, and seen (out_height,
    out_width) bool. Between the middles of the parts values go over in straight lines, and beyond the last ones they
    stay; where the picture is smaller than the map, several are averaged. At least one pixel counts as seen.
    """
    values = checked(values, "A map")
    if min(width, height, out_width, out_height) < 1:
        raise ExplainError(
            f"A map cannot be laid over a picture of {width} x {height} pixels, shown as {out_width} x {out_height}. "
            "Each side needs at least one."
        )
    left, upper, right, lower = preprocessing.box(width, height)
    columns, across = _shares(left / width, right / width, values.shape[1], out_width)
    rows, down = _shares(upper / height, lower / height, values.shape[0], out_height)
    laid = np.zeros((out_height, out_width, *values.shape[2:]), np.float32)
    if values.ndim == 2:
        laid[rows, columns] = down @ values @ across.T
    else:
        for channel in range(values.shape[2]):
            laid[rows, columns, channel] = down @ values[..., channel] @ across.T
    seen = np.zeros((out_height, out_width), bool)
    seen[rows, columns] = True
    return laid, seen


def checked(values: np.ndarray, what: str) -> np.ndarray:
    """The values as float32, if they are numbers (h, w) or (h, w, c) that can be shown."""
    numbers = np.asarray(values, np.float32)
    if numbers.ndim not in (2, 3) or 0 in numbers.shape:
        raise ExplainError(f"{what} of the shape {numbers.shape} cannot be laid. Expected (h, w) or (h, w, channels).")
    if not np.isfinite(numbers).all():
        wrong = np.count_nonzero(~np.isfinite(numbers))
        raise ExplainError(
            f"{what} has {wrong:,} values of {numbers.size:,} that are no finite numbers, so it cannot be shown. "
            "Explain the image again; if that does not help, the weights of the network are damaged."
        )
    return numbers


def _shares(first: float, last: float, parts: int, out: int) -> tuple[slice, np.ndarray]:
    """Along one side: the pixels seen, and the share (pixels, parts) that each part has in each of them.

    first, last: where the square begins and ends, of 0..1. A pixel is seen where its middle is.
    """
    start, stop = (int(np.ceil(end * out - 0.5)) for end in (first, last))
    if stop <= start:  # of a strip as thin as a hair
        start = min(int((first + last) / 2 * out), out - 1)
        stop = start + 1
    step = parts / ((last - first) * out)  # parts to a pixel
    middles = ((np.arange(start, stop) + 0.5) / out - first) / (last - first) * parts - 0.5
    distance = np.abs(middles[:, None] - np.arange(parts))
    shares = np.maximum(0, 1 - distance / max(1.0, step))
    return slice(start, stop), (shares / shares.sum(1, keepdims=True)).astype(np.float32)
