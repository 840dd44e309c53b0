"""The sample sheet: whatever it is given it is a picture, of bounded size, and the same each time."""

import io
import re
import time

import pytest
from PIL import Image

from imclust_core.errors import ExportError
from imclust_core.exchange.sheets.contact_sheet import MOST_CLUSTERS, MOST_SAMPLES, SheetRow, sheet, sheet_pdf
from tests.helpers.cases import case
from tests.helpers.hostile import encoded, jpeg, picture

NAMES = ["Zebra", "", "a very long name " * 20, "two\nlines", "日本語 🐘", "مرحبا", "\u202ex", "'", "=1+1"]


def rows(count: int, images: int = 3) -> list[SheetRow]:
    return [
        SheetRow(number, NAMES[number % len(NAMES)], "#961eff", number, [jpeg(number + at) for at in range(images)])
        for number in range(1, count + 1)
    ]


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def test_the_same_clusters_give_the_same_bytes() -> None:
    for make in [sheet, sheet_pdf]:
        with case(make):
            first = make(rows(9), title="Photographs")
            time.sleep(1.1)  # a time in the file would be another one now
            assert make(rows(9), title="Photographs") == first != make(rows(8), title="Photographs")


def test_each_cluster_has_its_colour_and_its_images() -> None:
    page = opened(sheet(rows(3), title="x", samples=4))
    assert page.size == (12 + 300 + 4 * 104 + 16, 56 + 3 * 104 + 8)
    for number in range(3):
        assert page.getpixel((10, 56 + number * 104 + 50)) == (0x96, 0x1E, 0xFF)
    red, green, blue = page.getpixel((320 + 48, 56 + 48))  # type: ignore[misc]
    there = opened(rows(3)[0].thumbnails[0]).resize((96, 72)).getpixel((48, 36))
    assert max(abs(a - b) for a, b in zip((red, green, blue), there, strict=True)) < 40  # type: ignore[arg-type]
    assert page.getpixel((320 + 3 * 104 + 48, 56 + 48)) == (255, 255, 255), "the third is the last"


def test_what_does_not_fit_is_counted_the_size_is_bounded_and_a_pdf_has_a_page_for_every_fourteen_clusters() -> None:
    most = opened(sheet(rows(150, 0), title="x"))
    assert most.size == opened(sheet(rows(MOST_CLUSTERS + 1, 0), title="x")).size and most.height < 11_000
    assert sheet(rows(150, 0), title="x") != sheet(rows(151, 0), title="x"), "how many are left out is said"
    assert len(sheet_pdf(rows(40, 0), title="x", most=20)) < len(sheet_pdf(rows(40, 0), title="x", most=40))
    for count, pages in ((0, 1), (1, 1), (14, 1), (15, 2), (40, 3)):
        data = sheet_pdf(rows(count, 1), title="x")
        assert data.startswith(b"%PDF-") and len(re.findall(rb"/Type /Page\n", data)) == pages, count
        assert b"CreationDate" not in data and b"ModDate" not in data


def test_a_thumbnail_that_cannot_be_read_leaves_its_place_empty() -> None:
    for data in [b"", b"junk", jpeg()[:200], encoded(picture(), "PNG"), jpeg(1, 1, 900), encoded(picture(mode="L"))]:
        with case(data):
            row = SheetRow(1, "Zebra", "#961eff", 2, [data, jpeg(5)])
            page = opened(sheet([row], title="x", samples=2))
            whole = opened(sheet([SheetRow(1, "Zebra", "#961eff", 2, [jpeg(5)])], title="x", samples=1))
            assert page.crop((424, 56, 520, 152)).tobytes() == whole.crop((320, 56, 416, 152)).tobytes()


def test_a_sheet_that_would_be_too_large_is_refused() -> None:
    limits = "A sheet has 1 to 20 images of up to 100 clusters"
    for wrong in [{"samples": 0}, {"samples": MOST_SAMPLES + 1}, {"most": 0}, {"most": 101}]:
        for make in [sheet, sheet_pdf]:
            with case(wrong, make), pytest.raises(ExportError, match=limits):
                make(rows(1), title="x", **wrong)
