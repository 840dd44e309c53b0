"""Decoding in child processes: real children that are really stopped, killed, and made to hang."""

import os
import random
import signal
import threading
from pathlib import Path

import pytest

from imclust_core import inspect_file
from imclust_core.errors import ImclustError
from imclust_core.images.decoder import Decoder
from imclust_core.images.reasons import REASONS
from imclust_core.names import path_of
from tests.helpers.hostile import encoded, jpeg, make_hostile_folder, mutated, picture

BAD_CHILD = "tests.helpers.bad_decoder"


def children_of_this_process() -> list[int]:
    return [int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]


def make(folder: Path, *names: str) -> list[str]:
    for number, name in enumerate(names):
        (folder / name).write_bytes(jpeg(number))
    return [str(folder / name) for name in names]


def test_children_say_what_this_process_would_say(tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    expected = make_hostile_folder(folder)
    paths = [path_of(folder, name) for name in expected]
    with Decoder(2) as decoder:
        assert decoder.inspect(paths) == [inspect_file(path) for path in paths]


def reasons_of(paths: list[str], **options: float) -> list[str | None]:
    with Decoder(1, module=BAD_CHILD, **options) as decoder:
        return [facts.reason for facts in decoder.inspect(paths)]


def test_the_file_that_crashes_or_hangs_the_decoder_gets_the_blame_and_no_other(tmp_path: Path) -> None:
    paths = make(tmp_path, *(f"{n}.jpg" for n in range(5)), "crash-1.jpg", "6.jpg", "crash-2.jpg", "8.jpg")
    assert reasons_of(paths) == [None] * 5 + ["decoder_crash", None, "decoder_crash", None]
    assert reasons_of(make(tmp_path, "0.jpg", "hang.jpg", "2.jpg"), item_seconds=1.0) == [None, "timeout", None]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_that_is_killed_or_frozen_costs_no_file(tmp_path: Path, how: signal.Signals) -> None:
    paths = make(tmp_path, *(f"{n:03}.jpg" for n in range(400)))
    before = set(children_of_this_process())
    with Decoder(1, item_seconds=2) as decoder:
        decoder.inspect(paths[:1])
        (child,) = set(children_of_this_process()) - before
        threading.Timer(0.05, os.kill, (child, how)).start()
        assert [facts.reason for facts in decoder.inspect(paths)] == [None] * len(paths)
        assert set(children_of_this_process()) - before
    assert set(children_of_this_process()) <= before, "no child outlives its decoder"


def test_a_decoder_that_cannot_start_says_so_instead_of_blaming_the_files(tmp_path: Path) -> None:
    with Decoder(1, module="tests.no_such_module") as decoder, pytest.raises(ImclustError, match="could not start"):
        decoder.inspect(make(tmp_path, "0.jpg"))


@pytest.mark.parametrize("number", [500, pytest.param(2000, marks=pytest.mark.long)])
def test_mutated_images_give_facts_or_a_reason(tmp_path: Path, number: int) -> None:
    dice = random.Random(20261121)
    kinds = ["RGB jpeg", "CMYK jpeg", "RGB png", "P png", "RGB gif", "RGB webp", "RGB tiff", "RGB bmp", "RGB avif"]
    originals = []
    for seed, kind in enumerate([*kinds, "LA png"]):
        mode, ending = kind.split()
        originals.append((encoded(picture(96, 64, seed, mode), ending.upper()), ending))
    paths = []
    for at in range(number):
        data, ending = originals[at % len(originals)]
        path = tmp_path / f"{at:04}.{ending}"
        path.write_bytes(mutated(data, dice))
        paths.append(str(path))
    with Decoder(2) as decoder:
        facts = decoder.inspect(paths)
    reasons = {one.reason for one in facts}
    assert len(facts) == number
    assert {reason.partition(":")[0] for reason in reasons if reason} <= set(REASONS)
    assert not reasons & {"decoder_crash", "timeout"}
    assert None in reasons and len(reasons) > 3  # some survive, and they fail in different ways
    assert all((one.reason is None) == (one.format is not None) for one in facts)
