"""Hostile cells of tables, and people's work on a clustering, for exports and imports."""

from collections.abc import Iterable

from imclust_core.annotation.editing import move_images, name_cluster, open_desk
from imclust_core.store.clusterings import Clustering
from imclust_core.store.workspace import Workspace

HOSTILE = '=HYPERLINK("x");\'../..\\con, \U0001f418'


def call(workspace: Workspace, stored: Clustering, number: int, text: str, **said: str) -> None:
    base = open_desk(workspace, stored).base_of(number)
    given = {"state": "sure", "author": "ada", "uuid": f"{number} {text} {base}", **said}
    name_cluster(workspace, stored, number, text=text, base=base, **given)


def put(workspace: Workspace, stored: Clustering, images: Iterable[int], into: int) -> None:
    seen = open_desk(workspace, stored).version
    move_images(workspace, stored, list(images), into, author="ada", uuid=f"move {seen}", seen=seen)


CELLS = ["=1+1", "'=1+1", "''", "'", "'tis", "-3", "@x", "a,b;\tc", 'say "so"', "two\r\nlines", "\t", "", "🐘", HOSTILE]
