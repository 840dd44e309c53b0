"""One way to open a picture: what is refused and why, and that what is opened looks right."""

import io
import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from imclust_core import ImageProblem, inspect_file, open_image
from imclust_core.images.reasons import HINTS, NOTES, REASONS, sentence
from imclust_core.images.thumbnails import SIZES, render
from imclust_core.names import display_name, path_of
from tests.helpers.hostile import (
    EVIL_NAMES,
    as_nobody,
    encoded,
    jpeg,
    make_hostile_folder,
    mutated,
    picture,
    rotated_with_gps,
)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def test_every_hostile_file_has_the_outcome_it_should_in_words_and_opens_as_large_as_it_says(tmp_path: Path) -> None:
    for name, expected in make_hostile_folder(tmp_path / "hostile").items():
        path = path_of(tmp_path / "hostile", name)
        if expected.reason != "symlink" and name != b"21-loop":  # the walk's business, in test_scan
            facts = inspect_file(path)
            assert facts.reason == expected.reason, name
            assert set(expected.notes) <= set(facts.notes.split()), name
        if expected.reason:
            assert expected.reason.partition(":")[0] in REASONS
            assert sentence(expected.reason) != expected.reason
        else:
            opened = open_image(path)
            assert (opened.rgb.mode, opened.rgb.size) == ("RGB", (opened.width, opened.height)), name
            assert opened.rgb.info == {}, name
        assert set(expected.notes) <= set(NOTES)
    assert {hint.partition(":")[0] for hint in HINTS} <= set(REASONS)


def test_deep_pictures_keep_their_shades_over_the_whole_range_and_may_have_holes() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    shown = pixels(open_image(encoded(Image.fromarray(ramp), "PNG")).rgb)[:, :, 0].ravel()
    assert np.all(np.diff(shown) >= 0) and shown[0] == 0 and shown[-1] == 255
    assert len(np.unique(shown)) > 200
    for scale in (1.0, 255.0, 5000.0):
        values = np.linspace(0, scale, 256).reshape(16, 16).astype(np.float32)
        shown = pixels(open_image(encoded(Image.fromarray(values), "TIFF")).rgb)
        assert (shown.min(), shown.max()) == (0, 255), scale
    values[0, 0], values[1, 1] = np.nan, np.inf
    assert open_image(encoded(Image.fromarray(values), "TIFF")).rgb.size == (16, 16)


def test_transparency_is_laid_on_white_and_cmyk_keeps_its_colours_about_right() -> None:
    for mode in ("RGBA", "LA", "P"):
        image = Image.new("RGBA", (20, 20), (200, 0, 0, 0)).convert(mode)
        options = {"transparency": 0} if mode == "P" else {}
        assert pixels(open_image(encoded(image, "PNG", **options)).rgb).min() == 255, mode
    red = Image.new("RGB", (32, 32), (220, 30, 30)).convert("CMYK")
    shown = pixels(open_image(encoded(red, "JPEG", quality=95)).rgb).mean(axis=(0, 1))
    assert shown[0] > 180 and shown[1] < 80 and shown[2] < 80


def test_every_exif_orientation_comes_out_upright() -> None:
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = encoded(picture(60, 40, 3), "JPEG", exif=exif, quality=95)
        with Image.open(io.BytesIO(data)) as original:
            upright = ImageOps.exif_transpose(original).convert("RGB")
        opened = open_image(data)
        assert opened.rgb.size == upright.size == (opened.width, opened.height), orientation
        assert np.array_equal(pixels(opened.rgb), pixels(upright)), orientation


def test_a_smaller_decode_shows_the_same_picture_and_never_less_than_was_asked() -> None:
    for data in (jpeg(5, 1600, 1200, quality=95), encoded(picture(1600, 1200, 5), "PNG")):
        whole = open_image(data)
        small = open_image(data, at_least=200)
        assert min(small.rgb.size) >= 200 and small.rgb.width < whole.rgb.width
        assert (small.width, small.height) == (1600, 1200)
        difference = pixels(whole.rgb.resize((80, 60))) - pixels(small.rgb.resize((80, 60)))
        assert np.abs(difference).mean() < 3


def test_what_the_browser_gets_is_upright_bears_no_metadata_and_keeps_its_short_side() -> None:
    for size in SIZES.values():
        with Image.open(io.BytesIO(render(rotated_with_gps(), size))) as shown:
            assert shown.format == "JPEG" and shown.size == (40, 60)
            assert len(shown.getexif()) == 0
            assert not {"exif", "xmp", "icc_profile"} & set(shown.info)
    assert Image.open(io.BytesIO(render(encoded(Image.new("RGB", (2000, 20)), "PNG"), 192))).size == (192, 2)


def test_bytes_in_hand_and_the_file_give_the_same_picture_no_bytes_none_and_what_none_may_read_its_reason(
    tmp_path: Path,
) -> None:
    path = tmp_path / "one.jpg"
    path.write_bytes(jpeg(4))
    assert np.array_equal(pixels(open_image(path).rgb), pixels(open_image(path.read_bytes()).rgb))
    assert reason_of(b"", None) == "empty"
    with as_nobody(path):
        assert inspect_file(path).reason == "permission"


def reason_of(data: bytes, at_least: int | None) -> str | None:
    try:
        open_image(data, at_least=at_least)
    except ImageProblem as problem:
        return problem.reason
    return None


def test_the_scans_quick_decode_finds_the_same_faults_as_a_whole_one() -> None:
    """At an eighth of the size all of a JPEG's data is still read: what it lets pass, the network can open."""
    for options in ({}, {"progressive": True}, {"quality": 95, "subsampling": 0}):
        dice, verdicts = random.Random(1), set()
        whole = encoded(picture(200, 150, 3), "JPEG", **options)
        for number in range(400):
            data = mutated(whole, dice)
            full = reason_of(data, None)
            assert full == reason_of(data, 1), (options, number)
            verdicts.add(full)
        assert None in verdicts and len(verdicts) > 1


def test_names_are_shown_on_one_line_of_printable_text() -> None:
    for name in EVIL_NAMES:
        shown = display_name(name)
        assert shown.isprintable() and shown, name
        assert shown.encode(), name  # no surrogates: it can be stored and sent
