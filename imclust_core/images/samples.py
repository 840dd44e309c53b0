"""The sample collection: photographs that come with scikit-image and scikit-learn, cut and lit anew."""

import csv
import io
import random
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

from PIL import Image, ImageEnhance

from imclust_core.errors import FolderError
from imclust_core.images.opening import open_image

PER_CLASS = 17
SIDE = 320

SOURCES: dict[str, tuple[str, str]] = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "brick": ("skimage", "data/brick.png"),
    "camera": ("skimage", "data/camera.png"),
    "cat": ("skimage", "data/chelsea.png"),
    "clock": ("skimage", "data/clock_motion.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "coins": ("skimage", "data/coins.png"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "galaxies": ("skimage", "data/hubble_deep_field.jpg"),
    "grass": ("skimage", "data/grass.png"),
    "gravel": ("skimage", "data/gravel.png"),
    "moon": ("skimage", "data/moon.png"),
    "motorcycle": ("skimage", "data/motorcycle_left.png"),
    "page": ("skimage", "data/page.png"),
    "retina": ("skimage", "data/retina.jpg"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "temple": ("sklearn", "datasets/images/china.jpg"),
    "tissue": ("skimage", "data/ihc.png"),
}


def make_samples(
    folder: Path,
    *,
    seed: int = 0,
    per_class: int = PER_CLASS,
    step: Callable[[int, int], None] = lambda _done, _total: None,
) -> int:
    """Write the sample photographs and `truth.csv` into `folder`; the same seed gives the same bytes.

    Names say nothing of what is shown: they are numbered in a shuffled order. `step(done, total)` is called
    after each one. Returns how many were made.
    Example: `make_samples(Path("/tmp/photos"))`
    """
    shots = [(name, number) for name in SOURCES for number in range(per_class)]
    random.Random(seed).shuffle(shots)  # noqa: S311  reproducible, not secret
    truth = _truth([name for name, _ in shots])
    mark = folder / "truth.csv"
    if folder.exists() and any(folder.iterdir()) and not (mark.is_file() and mark.read_bytes() == truth):
        raise FolderError(f"{folder} already holds other files. Give an empty or new folder for the samples.")
    folder.mkdir(parents=True, exist_ok=True)
    # Written first: by it, a run that was stopped is known as ours, and gone on with.
    _write_if_different(mark, truth)
    originals = {name: _original(*where) for name, where in SOURCES.items()}
    for index, (name, number) in enumerate(shots, start=1):
        dice = random.Random(f"{seed}/{name}/{number}")  # noqa: S311
        buffer = io.BytesIO()
        _shot(originals[name], dice).save(buffer, "JPEG", quality=88)
        _write_if_different(folder / _file_name(index), buffer.getvalue())
        step(index, len(shots))
    return len(shots)


def _truth(names: list[str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("file", "class"))
    writer.writerows((_file_name(index), name) for index, name in enumerate(names, start=1))
    return text.getvalue().encode()


def _file_name(index: int) -> str:
    return f"photo_{index:04d}.jpg"


def _original(package: str, path: str) -> Image.Image:
    try:
        with as_file(files(package) / path) as file:
            return open_image(file.read_bytes()).rgb
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise FolderError(
            f"The sample photographs come with the package {package}, and {path} is not there. Install it "
            "(pip install scikit-image scikit-learn) and try again."
        ) from error


def _shot(photo: Image.Image, dice: random.Random) -> Image.Image:
    """One crop of a photograph: another place, scale, light and perhaps side."""
    share = dice.uniform(0.55, 0.95)
    width, height = (round(side * share) for side in photo.size)
    left, top = (dice.randint(0, whole - part) for whole, part in zip(photo.size, (width, height), strict=True))
    shot = photo.crop((left, top, left + width, top + height))
    shot.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    if dice.random() < 0.5:
        shot = shot.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    shot = ImageEnhance.Brightness(shot).enhance(dice.uniform(0.75, 1.25))
    return ImageEnhance.Contrast(shot).enhance(dice.uniform(0.8, 1.2))


def _write_if_different(path: Path, data: bytes) -> None:
    """Leave a file that is right already untouched, so that a second run gives a rescan nothing to do."""
    if path.exists() and path.read_bytes() == data:
        return
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
