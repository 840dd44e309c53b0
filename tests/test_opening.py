"""One way to open a picture: what is refused and why, and that what is opened looks right."""

import io
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imclust_core import ImageProblem, inspect_file, open_image
from imclust_core.images.reasons import HINTS, NOTES, REASONS, sentence
from imclust_core.images.thumbnails import SIZES, render
from imclust_core.names import display_name, path_of
from tests.helpers.hostile import EVIL_NAMES, encoded, jpeg, make_hostile_folder, mutated, picture, rotated_with_gps


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def test_every_hostile_file_has_the_outcome_it_should(tmp_path: Path) -> None:
    for name, expected in make_hostile_folder(tmp_path / "hostile").items():
        if expected.reason == "symlink" or name == b"21-loop":
            continue  # the walk's business, in test_scan
        facts = inspect_file(path_of(tmp_path / "hostile", name))
        assert facts.reason == expected.reason, name
        assert set(expected.notes) <= set(facts.notes.split()), name


def test_every_reason_and_note_a_file_can_get_has_a_sentence(tmp_path: Path) -> None:
    outcomes = make_hostile_folder(tmp_path / "hostile").values()
    for outcome in outcomes:
        if outcome.reason:
            assert outcome.reason.partition(":")[0] in REASONS
            assert sentence(outcome.reason) != outcome.reason
        assert set(outcome.notes) <= set(NOTES)
    assert {hint.partition(":")[0] for hint in HINTS} <= set(REASONS)


def test_opened_pictures_are_rgb_and_as_large_as_they_say(tmp_path: Path) -> None:
    for name, expected in make_hostile_folder(tmp_path / "hostile").items():
        if expected.reason is None:
            opened = open_image(path_of(tmp_path / "hostile", name))
            assert (opened.rgb.mode, opened.rgb.size) == ("RGB", (opened.width, opened.height)), name
            assert opened.rgb.info == {}, name


def test_sixteen_bit_grey_keeps_its_shades_instead_of_turning_white() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    shown = pixels(open_image(encoded(Image.fromarray(ramp), "PNG")).rgb)[:, :, 0].ravel()
    assert np.all(np.diff(shown) >= 0) and shown[0] == 0 and shown[-1] == 255
    assert len(np.unique(shown)) > 200


@pytest.mark.parametrize("scale", [1.0, 255.0, 5000.0])
def test_floating_pictures_use_the_whole_range(scale: float) -> None:
    ramp = (np.linspace(0, scale, 256).reshape(16, 16)).astype(np.float32)
    shown = pixels(open_image(encoded(Image.fromarray(ramp), "TIFF")).rgb)
    assert (shown.min(), shown.max()) == (0, 255)


def test_a_floating_picture_with_holes_is_still_a_picture() -> None:
    values = np.ones((32, 32), dtype=np.float32)
    values[0, 0], values[1, 1] = np.nan, np.inf
    assert open_image(encoded(Image.fromarray(values), "TIFF")).rgb.size == (32, 32)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    image = Image.new("RGBA", (20, 20), (200, 0, 0, 0)).convert(mode)
    options = {"transparency": 0} if mode == "P" else {}
    shown = pixels(open_image(encoded(image, "PNG", **options)).rgb)
    assert shown.min() == 255


def test_cmyk_keeps_its_colours_about_right() -> None:
    red = Image.new("RGB", (32, 32), (220, 30, 30)).convert("CMYK")
    shown = pixels(open_image(encoded(red, "JPEG", quality=95)).rgb).mean(axis=(0, 1))
    assert shown[0] > 180 and shown[1] < 80 and shown[2] < 80


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(orientation: int) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(picture(60, 40, 3), "JPEG", exif=exif, quality=95)
    with Image.open(io.BytesIO(data)) as original:
        upright = ImageOps.exif_transpose(original).convert("RGB")
    opened = open_image(data)
    assert opened.rgb.size == upright.size == (opened.width, opened.height)
    assert np.array_equal(pixels(opened.rgb), pixels(upright))


def test_a_smaller_decode_shows_the_same_picture_and_never_less_than_was_asked() -> None:
    for data in (jpeg(5, 1600, 1200, quality=95), encoded(picture(1600, 1200, 5), "PNG")):
        whole = open_image(data)
        small = open_image(data, at_least=200)
        assert min(small.rgb.size) >= 200 and small.rgb.width < whole.rgb.width
        assert (small.width, small.height) == (1600, 1200)
        difference = pixels(whole.rgb.resize((80, 60))) - pixels(small.rgb.resize((80, 60)))
        assert np.abs(difference).mean() < 3


@pytest.mark.parametrize("size", SIZES)
def test_what_the_browser_gets_is_upright_and_bears_no_metadata(size: str) -> None:
    data = render(rotated_with_gps(), SIZES[size])
    with Image.open(io.BytesIO(data)) as shown:
        assert shown.format == "JPEG" and shown.size == (40, 60)
        assert len(shown.getexif()) == 0
        assert not {"exif", "xmp", "icc_profile"} & set(shown.info)


def test_a_pictures_short_side_survives_an_extreme_thumbnail() -> None:
    assert Image.open(io.BytesIO(render(encoded(Image.new("RGB", (2000, 20)), "PNG"), 192))).size == (192, 2)


def test_a_file_no_one_may_read_is_skipped_with_that_reason(tmp_path: Path, nobody: None) -> None:
    locked = tmp_path / "locked.jpg"
    assert inspect_file(locked).reason == "permission"


@pytest.fixture
def nobody(tmp_path: Path) -> object:
    """A file without rights, and this process without the right to ignore that (root can read anything)."""
    locked = tmp_path / "locked.jpg"
    locked.write_bytes(jpeg())
    locked.chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    yield None
    if was_root:
        os.seteuid(0)
    locked.chmod(0o600)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 95, "subsampling": 0}])
def test_the_scans_quick_decode_finds_the_same_faults_as_a_whole_one(options: dict[str, Any]) -> None:
    """At an eighth of the size all of a JPEG's data is still read: what it lets pass, the network can open."""
    dice, verdicts = random.Random(1), set()
    whole = encoded(picture(200, 150, 3), "JPEG", **options)
    for _ in range(400):
        data = mutated(whole, dice)
        full, quick = reason_of(data, None), reason_of(data, 1)
        assert full == quick
        verdicts.add(full)
    assert None in verdicts and len(verdicts) > 1


def reason_of(data: bytes, at_least: int | None) -> str | None:
    try:
        open_image(data, at_least=at_least)
    except ImageProblem as problem:
        return problem.reason
    return None


def test_bytes_in_hand_and_the_file_give_the_same_picture(tmp_path: Path) -> None:
    path = tmp_path / "one.jpg"
    path.write_bytes(jpeg(4))
    assert np.array_equal(pixels(open_image(path).rgb), pixels(open_image(path.read_bytes()).rgb))


def test_no_bytes_are_no_picture() -> None:
    with pytest.raises(ImageProblem) as caught:
        open_image(b"")
    assert caught.value.reason == "empty"


@pytest.mark.parametrize("name", EVIL_NAMES)
def test_names_are_shown_on_one_line_of_printable_text(name: bytes) -> None:
    shown = display_name(name)
    assert shown.isprintable() and shown
    assert shown.encode()  # no surrogates: it can be stored and sent
