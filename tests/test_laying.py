"""Maps come back over the picture where they belong, whatever its shape and however the square was cut from it."""

import itertools

import numpy as np
import pytest
from PIL import Image

from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.errors import ExplainError
from imclust_core.explain.overlay import lay

CROP, WHOLE_SHORT_SIDE, SQUASH = Preprocessing(), Preprocessing(resize=224), Preprocessing(resize=0)
LARGER = Preprocessing(size=299, resize=342, interpolation="bicubic")
CUTS = [CROP, WHOLE_SHORT_SIDE, SQUASH, LARGER]
SHAPES = [(300, 200), (200, 300), (256, 256), (91, 640), (1000, 20), (20, 1000), (3, 5), (5, 3), (1, 1)]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, np.float32)


def peak(values: np.ndarray) -> tuple[int, int]:
    row, column = np.unravel_index(values.argmax(), values.shape)
    return int(row), int(column)


def cells_of(pixels: np.ndarray, cells: int) -> np.ndarray:
    """How bright a network's square is in each of its equal parts (cells, cells)."""
    small = Image.fromarray(pixels).convert("L").resize((cells, cells), Image.Resampling.BOX)
    return np.array(small, np.float32)


def part(number: int, parts: int, first: float, last: float) -> tuple[int, int]:
    """The pixels that one of the equal parts of a side touches."""
    step = (last - first) / parts
    return int(first + step * (number + 1e-6)), int(first + step * (number + 1 - 1e-6)) + 1


def test_what_a_network_saw_somewhere_is_laid_where_it_was() -> None:
    for preprocessing, (width, height), cells in itertools.product(CUTS, SHAPES, (7, 16)):
        left, upper, right, lower = preprocessing.box(width, height)
        for row, column in ((0, 0), (0, cells - 1), (cells - 1, 1), (cells // 2, cells // 2), (2, 4)):
            picture = Image.new("RGB", (width, height))
            x, y = part(column, cells, left, right), part(row, cells, upper, lower)
            picture.paste((255, 255, 255), (x[0], y[0], x[1], y[1]))
            hot = np.zeros((cells, cells), np.float32)
            hot[peak(cells_of(preprocessing.pixels(picture), cells))] = 1
            found = peak(lay(hot, preprocessing, width, height, 3 * width, 3 * height)[0])
            case = preprocessing, width, height, cells, row, column
            assert y[0] <= found[0] / 3 < y[1] and x[0] <= found[1] / 3 < x[1], case


def test_seen_is_the_box_that_the_network_was_given() -> None:
    for case in itertools.product(CUTS, SHAPES, (0.31, 1, 2)):
        preprocessing, (width, height), scale = case
        out = max(1, round(width * scale)), max(1, round(height * scale))
        laid, seen = lay(1 + noise(7, 7), preprocessing, width, height, *out)
        left, upper, right, lower = preprocessing.box(width, height)
        x, y = (np.arange(out[0]) + 0.5) * width / out[0], (np.arange(out[1]) + 0.5) * height / out[1]
        # A pixel whose middle is right on the edge may count or not.
        surely, perhaps = (
            ((y >= upper + off) & (y <= lower - off))[:, None] & ((x >= left + off) & (x <= right - off))
            for off in (1e-6, -1e-6)
        )
        assert seen.any() and laid.dtype == np.float32, case
        assert (seen >= surely).all(), case
        assert (seen <= perhaps).all() or not perhaps.any(), case
        assert (laid[seen] >= 1).all() and (laid[~seen] == 0).all(), case


def test_a_whole_picture_is_covered_as_by_pillow() -> None:
    for parts, out in itertools.product([(7, 7), (14, 9), (1, 1), (224, 224)], [(50, 31), (7, 7), (300, 240)]):
        values = noise(*parts)
        laid, seen = lay(values, SQUASH, 640, 480, *out)
        theirs = np.array(Image.fromarray(values).resize(out, Image.Resampling.BILINEAR))
        np.testing.assert_allclose(laid, theirs, atol=1e-4, err_msg=f"{parts} {out}")
        assert seen.all(), (parts, out)


def test_a_part_keeps_its_value_at_its_middle_and_goes_straight_to_the_next() -> None:
    values = noise(7, 7)
    laid, _ = lay(values, CROP, 512, 256, 512, 256)  # the square is 224 wide, from 144 and 16 on: 32 to a part
    middles = laid[16 + 15 :: 32, 144 + 15 :: 32][:7, :7], laid[16 + 16 :: 32, 144 + 16 :: 32][:7, :7]
    np.testing.assert_allclose(sum(middles) / 2, values, atol=0.04)
    np.testing.assert_allclose(laid[16:32, 144:160], values[0, 0], atol=1e-6)
    steps = np.diff(laid[16 + 16, 144 + 16 : 144 + 48])
    np.testing.assert_allclose(steps, steps[0], atol=1e-5)


def test_channels_are_laid_each_for_itself() -> None:
    values = noise(9, 9, 3)
    for preprocessing in CUTS:
        laid, seen = lay(values, preprocessing, 300, 200, 90, 60)
        assert laid.shape == (60, 90, 3) and seen.shape == (60, 90)
        for channel in range(3):
            alone, _ = lay(values[..., channel], preprocessing, 300, 200, 90, 60)
            np.testing.assert_array_equal(laid[..., channel], alone, err_msg=str(preprocessing))


def test_of_a_strip_as_thin_as_a_hair_one_pixel_is_seen() -> None:
    for width, height, out in ((20_000, 100, (192, 1)), (100, 20_000, (1, 192))):
        laid, seen = lay(np.ones((7, 7)), CROP, width, height, *out)
        assert seen.sum() == 1 and laid[seen] == 1 and 90 <= sum(peak(laid)) <= 101


def test_what_is_no_number_no_map_or_no_picture_is_not_laid() -> None:
    odd = [np.where(np.arange(49).reshape(7, 7) == 24, wrong, 0.5) for wrong in (np.nan, np.inf, -np.inf)]
    shapes = [np.zeros(shape) for shape in ((), (7,), (0, 7), (7, 7, 0), (1, 7, 7, 3))]
    for values, sizes, why in (
        *((one, (30, 20, 30, 20), "1 values of 49 that are no finite numbers") for one in odd),
        *((one, (30, 20, 30, 20), "Expected") for one in shapes),
        *((noise(7, 7), sizes, "at least one") for sizes in ((0, 20, 30, 20), (30, 20, 30, 0))),
    ):
        with pytest.raises(ExplainError, match=why):
            lay(values, CROP, *sizes)
