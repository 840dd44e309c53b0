"""A look over everything a workspace keeps: what is missing, what is damaged, and what to do about it."""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from imclust_core.errors import ClusteringError, ImclustError, WorkspaceError
from imclust_core.names import shown
from imclust_core.store.annotations.backups import damage_of_database
from imclust_core.store.clusterings import clusterings_of, read_clustering
from imclust_core.store.collections import Collection, collections
from imclust_core.store.database import connect
from imclust_core.store.doctor.label_health import NOT_READABLE, Finding, check_labels
from imclust_core.store.embeddings import Embedding, embeddings_of
from imclust_core.store.shards import damage_of, is_sealed, segments_of, shard_path
from imclust_core.store.workspace import Workspace

Report = Callable[[int, int | None, str], None]


@dataclass(frozen=True)
class Health:
    """What a look over a workspace found, and how much was looked at. aside: what a repair has put aside."""

    findings: tuple[Finding, ...]
    databases: int
    shards: int
    clusterings: int
    events: int
    aside: tuple[Path, ...]

    @property
    def well(self) -> bool:
        """Whether nothing is wrong any more."""
        return all(finding.mended for finding in self.findings)


def examine(workspace: Workspace, report: Report, *, repair: bool = False) -> Health:
    """Look over a workspace that may be damaged; with `repair`, put the labels together again. Reads everything once.

    Trees and pictures are not looked at: one that is gone or damaged is made again by itself.
    """
    report(0, None, "comparing the labels with their copies")
    labels = check_labels(workspace, repair=repair)
    found = [*labels.findings]
    others = list(_databases(workspace))
    for path, table, remedy in others:
        report(0, None, f"looking over {path.name}")
        found += _check_database(path, table, remedy)
    shards = clusterings = 0
    if not any(finding.place == workspace.catalogue.name for finding in found):
        try:
            known = [*collections(workspace), *collections(workspace, removed=True)]
            shards, wrong_parts = check_embeddings(workspace, known, report)
            clusterings, wrong_files = check_clusterings(workspace, known, report)
            found += [*wrong_parts, *wrong_files]
        except (WorkspaceError, ValueError, TypeError, KeyError) as error:
            found.append(Finding(workspace.catalogue.name, f"What it says cannot be used ({error}).", _NO_CATALOGUE))
    return Health(tuple(found), 1 + len(others), shards, clusterings, labels.events, labels.aside)


_NO_CATALOGUE = (
    "Stop imclust, and put back a copy of the workspace if you have one. The images, and the names in labels.db, are "
    "not touched by this."
)


def _databases(workspace: Workspace) -> Iterator[tuple[Path, str, str]]:
    """The databases besides labels.db, each with a table it must have, and what to do where it is damaged."""
    yield workspace.catalogue, "collections", _NO_CATALOGUE
    if workspace.jobs.exists():  # it is made with the first job
        yield workspace.jobs, "jobs", "Stop imclust and move it away: it holds the list of jobs only, and is made anew."


def _check_database(path: Path, table: str, remedy: str) -> list[Finding]:
    if not path.exists():
        return [Finding(path.name, "It is gone.", remedy)]
    try:
        if damage := damage_of_database(path, table):
            return [Finding(path.name, f"It is damaged ({damage}).", remedy)]
        with contextlib.closing(connect(path)) as db:
            orphans = len(db.execute("PRAGMA foreign_key_check").fetchall())
    except sqlite3.Error as error:
        return [Finding(path.name, f"It cannot be looked at ({error}).", NOT_READABLE)]
    return [Finding(path.name, f"{orphans:,} of its rows speak of rows that are gone.", remedy)] if orphans else []


def check_embeddings(workspace: Workspace, known: list[Collection], report: Report) -> tuple[int, list[Finding]]:
    """Compare every sealed part of every embedding with its seal; returns how many there are, and what was found."""
    found: list[Finding] = []
    parts: list[tuple[Embedding, int, int]] = []
    for one in (one for source in known for one in embeddings_of(workspace, source.id, finished=False)):
        try:
            segments = segments_of(one.folder)
        except (ImclustError, TypeError) as error:
            remedy = str(error) if isinstance(error, ImclustError) else _EMBED_ANEW
            found.append(Finding(_place(workspace, one.folder), "It cannot be read.", remedy))
            continue
        if not segments and one.summary is not None and one.summary.images:
            found.append(Finding(_place(workspace, one.folder), f"The vectors of {one.title} are gone.", _EMBED_ANEW))
        for number, shard in ((segment.number, shard) for segment in segments for shard in range(segment.plan.shards)):
            if is_sealed(one.folder, number, shard):
                parts.append((one, number, shard))
            elif _was_finished(one, number):
                place = _place(workspace, shard_path(one.folder, number, shard))
                found.append(Finding(place, f"This part of {one.title} is gone.", _EMBED_AGAIN))
    for number, (one, segment, shard) in enumerate(parts):
        report(number, len(parts), "comparing vectors with their seals")
        if damage := _damage_of(one.folder, segment, shard):
            place = _place(workspace, shard_path(one.folder, segment, shard))
            found.append(Finding(place, f"A part of {one.title} is damaged ({damage}).", _REMOVE_PART))
    return len(parts), found


_EMBED_AGAIN = "Embed the folder again with the same network: only what is missing is computed."
_REMOVE_PART = "Remove this folder and embed again with the same network: only what is missing is computed."
_EMBED_ANEW = "Remove this embedding and embed again; the images and everything else are untouched."


def _was_finished(one: Embedding, segment: int) -> bool:
    """Whether a segment's parts were all there once. One that was begun later may still be worked on, or wait."""
    begun = (one.folder / "segments" / f"{segment:04}" / "manifest.npy").stat().st_mtime
    return one.finished_at is not None and begun < one.finished_at + 1  # which is in whole seconds


def _damage_of(folder: Path, segment: int, shard: int) -> str | None:
    try:
        return damage_of(folder, segment, shard)
    except (TypeError, AttributeError) as error:
        return f"its seal says other things: {type(error).__name__}"


def _place(workspace: Workspace, path: Path) -> str:
    return shown(path.relative_to(workspace.root))


def check_clusterings(workspace: Workspace, known: list[Collection], report: Report) -> tuple[int, list[Finding]]:
    """Read every clustering; returns how many there are, and what was found."""
    stored = [one for source in known for one in clusterings_of(workspace, source.id)]
    found = []
    for number, one in enumerate(stored):
        report(number, len(stored), "reading clusterings")
        try:
            read_clustering(one)
        except ClusteringError as error:
            problem = "It is damaged." if one.path.exists() else "It is gone."
            found.append(Finding(_place(workspace, one.path), problem, str(error)))
    return len(stored), found
