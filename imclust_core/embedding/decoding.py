"""One decode of one image: pixels for the network, and the thumbnail for the browser."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from imclust_core.backbones.preprocessing import Preprocessing
from imclust_core.config import THUMB_SIDE
from imclust_core.errors import ImageProblem
from imclust_core.images.inspecting import digest_of
from imclust_core.images.opening import FileBytes, decode, read_file
from imclust_core.store.collections import Collection
from imclust_core.store.pictures import keep_thumbnail, safe_path
from imclust_core.store.workspace import Workspace

ITEM_SECONDS = 20.0
_PATIENCE = 6
"""So many times as long a file may wait for a reader, whose own trouble is not its fault."""
_AHEAD = 4
"""Files a lane has read ahead: enough to hide a slow disk, few enough that large files do not fill the memory."""


@dataclass(frozen=True)
class Asked:
    """One image to embed: its number in the catalogue, its path below the folder, the hash of what it held."""

    image_id: int
    path: bytes
    digest: bytes


class Decoder:
    """Reads and decodes the images of one folder for one network. Reading runs ahead in threads of its own."""

    def __init__(
        self,
        folder: Path,
        *,
        follow_links: bool,
        preprocessing: Preprocessing,
        thumbnails: Path | None,
        readers: int = 8,
        item_seconds: float = ITEM_SECONDS,
    ) -> None:
        self._folder, self._follow_links = folder, follow_links
        self._preprocessing, self._thumbnails = preprocessing, thumbnails
        self._at_least = max(preprocessing.at_least, THUMB_SIDE)
        self._item_seconds = item_seconds
        self._readers = ThreadPoolExecutor(readers, "reader")

    def close(self) -> None:
        """Let the reading threads end, without waiting here for one that hangs on a dead drive."""
        self._readers.shutdown(wait=False, cancel_futures=True)

    def batch(self, images: list[Asked], into: np.ndarray) -> list[ImageProblem | None]:
        """Decode images into `into` (n, size, size, 3) uint8, and say which could not be: their pixels are zero."""
        waiting = iter(images)
        files = deque(self._readers.submit(self._read, image) for image in islice(waiting, _AHEAD))
        problems: list[ImageProblem | None] = []
        for image, pixels in zip(images, into, strict=True):
            file = files.popleft()
            files.extend(self._readers.submit(self._read, later) for later in islice(waiting, 1))
            try:
                self._decode(image, _in_time(file, self._item_seconds), pixels)
                problems.append(None)
            except ImageProblem as problem:
                pixels[:] = 0
                problems.append(problem)
        return problems

    def _read(self, image: Asked) -> FileBytes:
        path = safe_path(self._folder, image.path, follow_links=self._follow_links)
        try:
            file = read_file(path)
        except MemoryError as error:
            raise ImageProblem("out_of_memory") from error
        if bytes.fromhex(digest_of(file.data)) != image.digest:
            raise ImageProblem("changed", "since the scan")
        return file

    def _decode(self, image: Asked, file: FileBytes, pixels: np.ndarray) -> None:
        opened = decode(file, image.path.decode("latin-1"), at_least=self._at_least)
        pixels[:] = self._preprocessing.pixels(opened.rgb)
        if self._thumbnails is not None:
            keep_thumbnail(self._thumbnails, image.digest, opened.rgb)


def decoder_for(workspace: Workspace, source: Collection, preprocessing: Preprocessing) -> Decoder:
    """What decodes the images of a collection, and keeps their thumbnails."""
    links, thumbnails = source.follow_links, workspace.thumbnails
    return Decoder(source.folder, follow_links=links, preprocessing=preprocessing, thumbnails=thumbnails)


def _in_time(file: Future[FileBytes], seconds: float) -> FileBytes:
    for _ in range(_PATIENCE):
        try:
            return file.result(timeout=seconds)
        except TooLate:
            if file.running():
                break
    raise ImageProblem("timeout")
