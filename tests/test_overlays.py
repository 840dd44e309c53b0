"""Layers, slopes and tables: colours that say how much, over the right places, and pictures as they were."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.errors import ExplainError, ExportError
from imclust_core.exchange.sheets.saliency_table import MOST_ROWS, LookRow, side_by_side
from imclust_core.explain.colormaps import MAPS, colour_table
from imclust_core.explain.pictures import blended, decode_slopes, encode_slopes, fitted, heat_layer, slopes_picture
from imclust_core.images.thumbnails import SIZES, encode
from tests.helpers.colours import EYES, linear, oklab
from tests.helpers.hostile import encoded, jpeg, picture

CROP, SQUASH = Preprocessing(), Preprocessing(resize=0)
SHAPES = [(300, 200), (200, 300), (4000, 80), (80, 4000), (5, 3), (3, 5), (1, 1), (193, 192), (1000, 999)]


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, np.float32)


def opened(data: bytes, mode: str) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(data)).convert(mode))


def looks(name: str, eye: str = "full") -> np.ndarray:
    """The colours of a map in OKLab (256, 3), to an eye."""
    seen = [np.array(EYES[eye]) @ linear(f"#{bytes(colour).hex()}") for colour in colour_table(name)]
    return np.array([oklab(np.clip(one, 0, 1)) for one in seen])


def steps(name: str, eye: str = "full") -> np.ndarray:
    """How far neighbours are apart, with what whole numbers do to them smoothed away."""
    smooth = np.stack([np.convolve(axis, np.ones(8) / 8, "valid") for axis in looks(name, eye).T], axis=1)
    found: np.ndarray = np.linalg.norm(np.diff(smooth, axis=0), axis=1)
    return found


def test_heat_grows_lighter_in_even_steps_to_every_eye_and_jet_does_not() -> None:
    assert steps("heat").max() / steps("heat").min() < 1.3
    assert steps("jet").max() / steps("jet").min() > 5
    for eye in EYES:
        assert (np.diff(looks("heat", eye)[:, 0]) > 0).all(), eye
        assert not (np.diff(looks("jet", eye)[:, 0]) > 0).all(), eye
        assert steps("heat", eye).max() / steps("heat", eye).min() < 2.5, eye


def test_a_map_is_256_colours_that_nobody_can_change_and_an_unknown_one_is_said_so() -> None:
    for name in MAPS:
        table = colour_table(name)
        assert table.shape == (256, 3) and table.dtype == np.uint8 and len(np.unique(table, axis=0)) == 256, name
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 0
    with pytest.raises(ExplainError, match=r"'viridis' is no map of colours\. Expected one of: heat, jet"):
        colour_table("viridis")


def test_a_layer_is_as_large_as_the_thumbnail_it_lies_on_and_fitted_by_the_rule_of_pillow() -> None:
    for (width, height), side in itertools.product(SHAPES, SIZES.values()):
        thumbnail = opened(encode(Image.new("RGB", (width, height)), side), "RGB")
        layer = Image.open(io.BytesIO(heat_layer(noise(7, 7), CROP, width, height, side, "heat")))
        assert layer.size == thumbnail.shape[1::-1] and layer.mode == "P", (width, height, side)
    for width, height in np.random.default_rng(0).integers(1, 900, (300, 2)).tolist():
        small = Image.new("L", (width, height))
        small.thumbnail((192, 192))
        assert fitted(width, height, 192) == small.size, (width, height)


def test_a_layer_shows_each_value_in_its_colour_and_dims_what_was_not_given() -> None:
    for name, value in itertools.product(MAPS, (0, 0.25, 1)):
        layer = opened(heat_layer(np.full((7, 7), value), CROP, 300, 200, 192, name), "RGBA")
        seen = layer[..., 3] == 255
        colour = colour_table(name)[round(value * 255)].astype(int)
        assert abs(layer[seen][:, :3] - colour).max() <= 5 * (0 < value < 1), (name, value)
        assert (layer[~seen] == [0, 0, 0, 140]).all() and 0.5 < seen.mean() < 0.6, (name, value)
        assert (opened(heat_layer(noise(7, 7), SQUASH, 300, 200, 192, name), "RGBA")[..., 3] == 255).all(), name


def test_a_blend_goes_from_the_picture_to_the_colours_and_not_beyond() -> None:
    rgb, heat = picture(300, 200), noise(7, 7)
    for preprocessing in (CROP, SQUASH):
        assert blended(rgb, heat, preprocessing, "heat", 0).tobytes() == rgb.tobytes()
        layer = opened(heat_layer(heat, preprocessing, 300, 200, 300, "heat"), "RGBA").astype(float)
        for opacity in (0.3, 0.6, 1):
            cover = layer[..., 3:] / 255 * opacity
            as_in_a_browser = np.array(rgb) * (1 - cover) + layer[..., :3] * cover
            found = np.array(blended(rgb, heat, preprocessing, "heat", opacity))
            assert abs(found - as_in_a_browser).max() < 1.5, (preprocessing, opacity)
    for opacity in (-0.1, 1.1, float("nan")):
        with pytest.raises(ExplainError, match="opacity"):
            blended(rgb, heat, CROP, "heat", opacity)


def gentle(size: int = 224) -> np.ndarray:
    """Slopes of both signs without fine grain (size, size, 3)."""
    at = np.linspace(0, 6, size)
    found: np.ndarray = np.stack([np.sin(at[:, None] + at), np.cos(at[:, None] - at), np.sin(at)[:, None] * at], 2)
    return found


def kept(slopes: np.ndarray) -> np.ndarray:
    return decode_slopes(encode_slopes(slopes)).astype(float) - 128


def test_slopes_keep_their_signs_and_sizes_beside_one_steep_pixel_and_where_they_are_few() -> None:
    slopes = 1e-6 * gentle()
    most = np.percentile(np.abs(slopes), 99)
    np.testing.assert_allclose(kept(slopes), 127 * np.clip(slopes / most, -1, 1), atol=8)
    grainy = np.random.default_rng(0).normal(size=(224, 224, 3))
    assert (np.sign(kept(grainy)) == np.sign(grainy))[np.abs(grainy) > 0.5].mean() > 0.999
    first, second = gentle(), gentle()
    first[5, 5], second[5, 5] = 10, 1e6
    assert encode_slopes(first) == encode_slopes(second)
    assert (kept(np.zeros((32, 32, 3))) == 0).all()
    few = np.zeros((224, 224, 3))
    few[96:104, 96:104] = -1e-9
    assert kept(few)[100, 100].max() < -118 and (kept(few)[:80] == 0).all()


def test_what_is_no_number_has_another_shape_or_cannot_be_read_is_not_shown() -> None:
    for data in (b"", b"junk", jpeg()[:200], encoded(picture(), "PNG")):
        with pytest.raises(ExplainError, match="cannot be read"):
            decode_slopes(data)
    heat, slopes = noise(7, 7), noise(8, 8, 3)
    for wrong in (np.nan, np.inf):
        heat[0, 0] = slopes[0, 0, 0] = wrong
        for make in (
            lambda: encode_slopes(slopes),
            lambda: heat_layer(heat, CROP, 30, 20, 192, "heat"),
            lambda: blended(picture(30, 20), heat, CROP, "heat", 0.5),
        ):
            with pytest.raises(ExplainError, match="no finite numbers"):
                make()
    with pytest.raises(ExplainError, match=r"Expected \(size, size, 3\)"):
        encode_slopes(noise(8, 8))
    with pytest.raises(ExplainError, match=r"Expected \(h, w\)"):
        heat_layer(noise(7, 7, 3), CROP, 30, 20, 192, "heat")


def test_slopes_have_the_shape_of_their_picture_and_no_fewer_pixels() -> None:
    slopes = decode_slopes(encode_slopes(gentle()))
    for case in itertools.product((False, True), SHAPES, SIZES.values()):
        grey, (width, height), side = case
        rows, columns = opened(slopes_picture(slopes, CROP, width, height, side, grey=grey), "RGB").shape[:2]
        assert max(rows, columns) <= side, case
        assert columns >= fitted(width, height, side)[0] and rows >= fitted(width, height, side)[1], case
        assert abs(columns - rows * width / height) <= max(1, width / height), case


def test_slopes_lie_where_the_network_was_given_the_picture() -> None:
    slopes = np.full((224, 224, 3), 128, np.uint8)
    slopes[:32, :32] = [255, 128, 1]
    coloured = opened(slopes_picture(slopes, CROP, 512, 256, 512, grey=False), "RGB").astype(int)
    grey = opened(slopes_picture(slopes, CROP, 512, 256, 512, grey=True), "RGB").astype(int)
    corner = np.s_[20:44, 148:172]  # the square begins at 144 and 16, and shows one pixel as one
    assert abs(coloured[corner] - [255, 128, 1]).max() < 12 and (grey[corner] > 240).all()
    assert abs(coloured[100:220, 200:350] - 128).max() < 4 and (grey[100:220, 200:350] < 10).all()
    for shown in (coloured, grey):
        assert abs(shown[:, :136] - 128).max() < 4 and abs(shown[:, 380:] - 128).max() < 4


def rows(count: int, pictures: int = 3) -> list[LookRow]:
    shown = [picture(300, 200)] * pictures
    return [LookRow(f"No. {number}", "a name " * 20, shown, ("dalmatian 97 %", "日本語 🐘")) for number in range(count)]


def test_a_table_has_a_row_for_each_image_of_any_shape_and_the_scale_at_its_foot() -> None:
    titles = ("Original", "CAM", "Guided backprop")
    for name in MAPS:
        one, three = (side_by_side(rows(count), titles=titles, colours=name) for count in (1, 3))
        assert three.width == one.width and three.height - one.height == 2 * (171 + 24)
        foot = np.array(three)[-25, 282 + 50 : 282 + 50 + 256]
        np.testing.assert_array_equal(foot, colour_table(name), err_msg=name)
    for shape in SHAPES:
        page = side_by_side([LookRow("1", "", [Image.new("L", shape)])], titles=["Original"])
        assert (np.array(page) == 0).all(2).any() and page.height < 420, shape
    for count, pictures, why in (
        (1, 2, r"'No\. 0' has 2 pictures, and there are 3 titles"),
        *((count, 3, f"A table has 1 to {MOST_ROWS} images") for count in (0, MOST_ROWS + 1)),
    ):
        with pytest.raises(ExportError, match=why):
            side_by_side(rows(count, pictures), titles=titles)
