"""Reading names back: a CSV file becomes a plan, and a plan becomes events, each of which can be undone like any."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from imclust_core.annotation.annotated import STATES, Desk
from imclust_core.annotation.editing import move_images, name_cluster, split_cluster
from imclust_core.annotation.text import MOST_NAME, MOST_NOTE, clean
from imclust_core.errors import LabelConflict, LabelsError
from imclust_core.exchange.exports.members import Members
from imclust_core.exchange.imports.image_labels import Labels
from imclust_core.exchange.imports.plans import (
    Kept,
    Move,
    Naming,
    Plan,
    Split,
    Trouble,
    in_order,
    may_name,
    naming,
)
from imclust_core.exchange.imports.reading import Row, read_table
from imclust_core.store.annotations.events import Event
from imclust_core.store.clusterings import Clustering
from imclust_core.store.truth import cut
from imclust_core.store.workspace import Workspace

_IMAGES_AT_ONCE = 500_000
"""Images in one event: about two thirds of what an event may hold."""


def plan_import(members: Members, data: bytes, *, replace: bool = False) -> Plan:
    """What the bytes of a CSV file would change: names of clusters (cluster, name), or of images (path, name).

    Parameters
    ----------
    replace: whether names that somebody has given are overwritten; else they are kept, and listed.
    """
    table, trouble = read_table(data), Trouble()
    rows = _usable(table.rows(), trouble)
    if table.of_images:
        return Labels(members.desk, _labels(members, rows, trouble), trouble, replace=replace).plan(table.digest)
    return _plan_clusters(members.desk, rows, table.digest, trouble, replace=replace)


def _usable(rows: Iterable[Row], trouble: Trouble) -> Iterator[Row]:
    """The rows of which it is clear what they say."""
    for row in rows:
        if row.beyond:
            why = "more cells than the first line has; a name with a comma in it needs quotes around it"
            trouble.add(row.line, cut(row.beyond), why)
        elif row.name and not _seen(row.name):
            trouble.add(row.line, cut(row.cluster or row.path or row.image), "its name has nothing that can be seen")
        else:
            yield row


def _seen(name: str) -> bool:
    """Whether anything is left of a name; one that is too long is told of elsewhere."""
    return len(name) > MOST_NAME or bool(clean(name, MOST_NAME, "A name"))


def carry_out(workspace: Workspace, stored: Clustering, plan: Plan, author: str) -> list[Event]:
    """Do what a plan says, and return the events; doing it again changes nothing."""
    changes = _Changes(workspace, stored, plan, author)
    try:
        changes.make_all()
    except LabelConflict as error:
        if not changes.made:
            raise
        raise LabelConflict(
            f"{error} {len(changes.made):,} changes of the file before this one are saved. "
            "Import it again for the rest.",
            error.theirs,
        ) from error
    return changes.made


@dataclass
class _Changes:
    """The changes of a plan. made: the events of those that were made so far."""

    workspace: Workspace
    stored: Clustering
    plan: Plan
    author: str
    made: list[Event] = field(default_factory=list)

    def make_all(self) -> None:
        bases = {one.cluster: self._name(one).id for one in self.plan.namings}
        numbers: dict[str, int] = {}
        for split in self.plan.splits:
            numbers |= self._split(split, bases.get(split.cluster, split.base))
        for move in self.plan.moves:
            self._move(move, move.into or numbers[move.name])

    def _name(self, one: Naming) -> Event:
        said = {"text": one.name, "state": one.state, "note": one.note, "via": "import"}
        who = self._who("name", one.cluster, one.name, one.base)
        event = name_cluster(self.workspace, self.stored, one.cluster, base=one.base, **said, **who)
        self.made.append(event)
        return event

    def _split(self, split: Split, base: int) -> dict[str, int]:
        """The names of the new clusters, with their numbers."""
        parts, who = [part.images for part in split.parts], self._who("split", split.cluster, split.base)
        event = split_cluster(self.workspace, self.stored, split.cluster, parts, how="import", base=base, **who)
        self.made.append(event)
        pairs = zip(split.parts, event.value["parts"], strict=True)
        numbers: dict[str, int] = {part.name: given["into"] for part, given in pairs}
        for name, number in numbers.items():
            self._name(Naming(number, name, "", "", 0))
        return numbers

    def _move(self, move: Move, into: int) -> None:
        for start in range(0, len(move.images), _IMAGES_AT_ONCE):
            some, seen = move.images[start : start + _IMAGES_AT_ONCE], self.plan.version
            who = self._who("move", move.name, move.into, start, seen)
            self.made.append(move_images(self.workspace, self.stored, some, into, seen=seen, **who))

    def _who(self, *what: object) -> dict[str, str]:
        """Who makes a change, and the uuid that it has each time it is made."""
        facts = json.dumps([self.plan.digest, self.stored.id, *what])
        digest = hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()
        return {"author": self.author, "uuid": f"import-{digest}"}


def _plan_clusters(desk: Desk, rows: Iterable[Row], digest: str, trouble: Trouble, *, replace: bool) -> Plan:
    wanted: dict[int, list[tuple[int, Naming]]] = defaultdict(list)
    for row in rows:
        if row.name or row.state or row.note:
            one = _naming(desk, row, trouble)
            if one is not None:
                wanted[one.cluster].append((row.line, one))
    namings: list[Naming] = []
    kept: list[Kept] = []
    for cluster, several in wanted.items():
        one, said = several[0][1], desk.said(cluster)
        if any(other != one for _, other in several):
            for line, other in several:
                trouble.add(line, cut(other.name), f"the file says different things of cluster {cluster}")
        elif (one.name, one.state, one.note) != (said.text, said.state, said.note):
            if may_name(desk, cluster, replace=replace):
                namings.append(one)
            else:
                wish = one.name if one.name != said.text else f"{one.name} ({one.state}{one.note and f', {one.note}'})"
                kept.append(Kept(cluster, said.text, wish))
    unused = tuple(trouble.listed)
    return Plan(digest, desk.version, in_order(namings), kept=tuple(kept), unused=unused, unused_rows=trouble.rows)


def _naming(desk: Desk, row: Row, trouble: Trouble) -> Naming | None:
    """What a row says of a cluster, or None for one that cannot be used."""
    number = _number(row.cluster.strip().lower().removeprefix("cluster"))
    if number not in desk.sizes or not number:
        trouble.add(row.line, cut(row.cluster), "there is no such cluster")
        return None
    state = row.state.strip().lower()
    if state not in ("", *STATES):
        trouble.add(row.line, cut(row.state), f"a state is one of {', '.join(STATES)}")
        return None
    try:
        name, note = clean(row.name, MOST_NAME, "A name"), clean(row.note, MOST_NOTE, "A note")
    except LabelsError:
        trouble.add(row.line, cut(row.name), f"longer than {MOST_NAME} characters, or its note than {MOST_NOTE:,}")
        return None
    return naming(desk, number, name or desk.name_of(number), state, note)


def _labels(members: Members, rows: Iterable[Row], trouble: Trouble) -> dict[int, str]:
    """Image id -> its name, for the rows that name an image of the clustering."""
    find = _Finder(members)
    found: dict[int, tuple[int, str]] = {}
    again: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for row in rows:
        image = find.image(row)
        if image is None:
            trouble.add(row.line, cut(row.path or row.image), "there is no such image in this clustering")
            continue
        if not row.name:
            continue
        try:
            name = clean(row.name, MOST_NAME, "A name")
        except LabelsError:
            trouble.add(row.line, cut(row.name), f"longer than {MOST_NAME} characters")
            continue
        if image in found:
            again[image].append((row.line, name))
        else:
            found[image] = row.line, name
    for image, others in again.items():
        if any(name != found[image][1] for _, name in others):
            for line, name in (found.pop(image), *others):
                trouble.add(line, cut(name), "the file gives this image different names")
    trouble.listed.sort(key=lambda one: one.line)
    return {image: name for image, (_, name) in found.items()}


def _number(text: str) -> int:
    """A number that somebody wrote, or 0; more digits than a database has are none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


class _Finder:
    """Finds images by path, by file name where no two have the same, or by id where there is no path."""

    def __init__(self, members: Members) -> None:
        self._ids: dict[int, str] = {row.image: row.shown_path for row in members}
        self._paths: dict[str, int | None] = {}
        self._names: dict[str, int | None] = {}
        for image, path in self._ids.items():
            name = path.rpartition("/")[2]
            self._paths[path] = None if path in self._paths else image
            self._names[name] = None if name in self._names else image

    def image(self, row: Row) -> int | None:
        number = _number(row.image)
        if not row.path:
            return number if number in self._ids else None
        if self._ids.get(number) == row.path:
            return number
        path = row.path if row.path in self._paths else row.path.strip().removeprefix("./").replace("\\", "/")
        return self._paths[path] if path in self._paths else self._names.get(path)
