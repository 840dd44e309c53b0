"""Names that come back from a table: what would be done is told first, done once, and never over somebody's head."""

import json
import random
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, Desk, advance, fresh
from imclust_core.annotation.editing import open_desk, undo
from imclust_core.errors import ExportError, LabelConflict, LabelsError
from imclust_core.exchange.exports.exports import export
from imclust_core.exchange.exports.members import Members, open_members
from imclust_core.exchange.exports.tables import csv_bytes
from imclust_core.exchange.imports.image_labels import Labels
from imclust_core.exchange.imports.imports import carry_out, plan_import
from imclust_core.exchange.imports.plans import MOST_LISTED, Kept, Naming, Plan, Trouble
from imclust_core.exchange.imports.reading import read_table
from imclust_core.store.annotations.events import Event, events_of
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from tests.helpers.cases import case
from tests.helpers.clusterings import clustered
from tests.helpers.command import imclust, imclust_here
from tests.helpers.tables import CELLS, HOSTILE, call, put


class Work:
    """Six clusters that nobody has touched, and what is done to them."""

    def __init__(self, workspace: Workspace, source: Collection) -> None:
        self.workspace, self.source, self.made = workspace, source, clustered(workspace, source)
        self.call, self.put = partial(call, workspace, self.made), partial(put, workspace, self.made)
        self.carry_out, self.undo = (partial(act, workspace, self.made) for act in (carry_out, undo))

    @property
    def desk(self) -> Desk:
        return open_desk(self.workspace, self.made)

    @property
    def events(self) -> list[Event]:
        return events_of(self.workspace, self.made.id)

    @property
    def members(self) -> Members:
        return open_members(self.workspace, self.made)

    @property
    def paths(self) -> dict[int, str]:
        return {row.image: row.shown_path for row in self.members}

    @property
    def names(self) -> dict[int, str]:
        """What each image is called now."""
        return {row.image: row.name for row in self.members}

    def images(self, number: int) -> list[int]:
        return images(self.desk, number)

    def plan(self, data: bytes, **options: bool) -> Plan:
        return plan_import(self.members, data, **options)

    def imported(self, data: bytes, **options: bool) -> Plan:
        """Import a table; a second time must find nothing left to do."""
        plan = self.plan(data, **options)
        events = self.carry_out(plan, "ada")
        before = self.events
        assert [one.id for one in self.carry_out(plan, "ada")] == [one.id for one in events]
        again = self.plan(data, **options)
        assert again.empty and self.carry_out(again, "ada") == [] and self.events == before
        return plan

    def labels(self, wanted: Mapping[int, str]) -> bytes:
        """A table of images, by path."""
        return csv_of("path,name", [(self.paths[image], name) for image, name in wanted.items()])


@pytest.fixture
def work(workspace: Workspace, source: Collection) -> Work:
    return Work(workspace, source)


def csv_of(header: str, rows: Iterable[tuple[object, ...]]) -> bytes:
    return csv_bytes(header.split(","), rows)


def images(desk: Desk, number: int) -> list[int]:
    found: list[int] = desk.image_ids[desk.rows_of(number)].tolist()
    return found


def test_clusters_get_their_names_states_and_notes(work: Work) -> None:
    data = csv_of("Cluster,Name,State,Note", [(1, "Zebra", "doubtful", "or okapi"), ("cluster 2", HOSTILE, "", "")])
    plan = work.imported(data)
    assert plan.namings[0] == Naming(1, "Zebra", "doubtful", "or okapi", 0) and plan.unused_rows == 0
    desk = work.desk
    assert desk.name_of(2) == HOSTILE and desk.names[1].note == "or okapi"
    assert (desk.names[1].author, desk.names[1].via) == ("ada", "import")


def test_names_that_somebody_gave_are_kept_unless_asked(work: Work) -> None:
    work.call(1, "Zebra", note="stripes")
    work.call(2, "", state="leftover")
    data = csv_of("cluster,name", [(1, "Horse"), (2, "Sky"), (3, "Cat")])
    plan = work.imported(data)
    assert plan.kept == (Kept(1, "Zebra", "Horse"), Kept(2, "", "Sky")) and [one.cluster for one in plan.namings] == [3]
    of_images = work.labels(dict.fromkeys(work.images(1), "Horse"))
    plan = work.imported(of_images)
    assert plan.empty and plan.kept == (Kept(1, "Zebra", "Horse"),)
    assert [one.name for one in work.plan(of_images, replace=True).namings] == ["Horse"]
    work.imported(data, replace=True)
    assert [work.desk.name_of(number) for number in (1, 2, 3)] == ["Horse", "Sky", "Cat"]
    assert work.desk.names[1].note == "stripes", "what the file does not say stays"


def test_what_cannot_be_used_is_told_line_by_line(work: Work) -> None:
    rows = [(99, "x"), ("one", "x"), (-1, "x"), (1, "x" * 101), (2, "a"), (2, "b"), (3, ""), (4, "ok"), (4, "ok")]
    plan = work.plan(csv_of("cluster,name", rows))
    assert sorted(one.line for one in plan.unused) == [2, 3, 4, 5, 6, 7] and plan.unused_rows == 6
    assert [one.name for one in plan.namings] == ["ok"]
    assert "longer than 100" in {one.line: one.why for one in plan.unused}[5]
    (row,) = work.plan(csv_of("cluster,name,state", [(1, "x", "fine")])).unused
    assert "sure, doubtful" in row.why


def test_rows_that_do_not_say_clearly_what_they_mean_are_listed_or_counted(work: Work) -> None:
    plan = work.plan(csv_of("path,name", [(f"{number}.jpg", "x") for number in range(3000)]))
    assert (plan.unused_rows, len(plan.unused), plan.empty) == (3000, MOST_LISTED, True)
    for head, what in (("cluster,name", ["0", "1", "2", "3"]), ("path,name", list(work.paths.values()))):
        lines = [head, f"{what[1]},Lion, African", f"{what[2]},\u3164\ufe0f", f"{what[3]},Zebra,,"]
        plan = work.plan("\n".join(lines).encode())
        with case(head):
            assert [(one.line, one.what) for one in plan.unused] == [(2, "African"), (3, what[2])]
            assert "needs quotes" in plan.unused[0].why and "nothing that can be seen" in plan.unused[1].why
    image = work.images(2)[0]
    twice = csv_of("image_id,name", [(image, "Zebra"), (image, "Cat"), (image, "Zebra"), (image, ""), (12345, "Cat")])
    plan = work.imported(twice)
    assert plan.empty and [one.line for one in plan.unused] == [2, 3, 4, 6] and plan.unused_rows == 4


def test_a_cluster_takes_the_name_of_nine_in_ten_others_go_where_they_belong_or_become_one(work: Work) -> None:
    desk = work.desk
    wanted = {**dict.fromkeys(images(desk, 1), "Zebra"), **dict.fromkeys(images(desk, 2), "Cat")}
    wanted[images(desk, 3)[0]] = "Zebra"
    plan = work.imported(work.labels(wanted))
    assert wanted.items() <= work.names.items()
    assert {one.name for one in plan.namings} == {"Zebra", "Cat"} and plan.splits == ()
    assert {(move.name, move.into) for move in plan.moves} == {("Zebra", 1)}

    wanted = dict.fromkeys([*work.images(1)[:2], work.images(2)[0]], "Okapi")
    plan = work.imported(work.labels(wanted))
    (split,), (move,), now = plan.splits, plan.moves, work.desk
    assert (split.cluster, len(split.parts[0].images), move.into, len(move.images)) == (1, 2, 0, 1)
    assert now.clusters == [*desk.clusters, desk.highest + 1]
    assert sorted(images(now, desk.highest + 1)) == sorted(wanted) and now.name_of(1) == "Zebra"
    assert len(now.image_ids) == 36 and sum(now.sizes.values()) == 36

    members = work.images(4)  # it would be emptied, and is the new one itself
    wanted = {image: "A" if at < len(members) // 2 - 1 else "B" for at, image in enumerate(members)}
    plan = work.imported(work.labels(wanted))
    assert [(one.cluster, one.name) for one in plan.namings] == [(4, "B")]
    assert [part.name for split in plan.splits for part in split.parts] == ["A"]
    assert wanted.items() <= work.names.items()


def test_images_set_aside_stay_so_unless_asked_and_those_in_no_cluster_make_none(work: Work) -> None:
    work.call(1, "Zebra")
    aside, nowhere, other = work.images(2)[:3]
    work.put([aside], ASIDE)
    work.put([nowhere, other], UNASSIGNED)
    data = work.labels({aside: "Zebra", nowhere: "Zebra"})
    plan = work.imported(data)
    assert [move.images for move in plan.moves] == [(nowhere,)] and "set aside" in plan.unused[0].why
    work.imported(data, replace=True)
    assert {work.names[image] for image in (aside, nowhere)} == {"Zebra"}
    plan = work.imported(work.labels({other: "Okapi"}))
    assert plan.empty and "no cluster of this name" in plan.unused[0].why


def test_images_are_found_by_path_by_file_or_by_id_and_moved_in_pieces(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.call(1, "Zebra")
    paths, wanted = work.paths, work.images(2)[:3]
    named = [(paths[image], "Zebra") for image in wanted]
    for data in (
        csv_of("file,label", [(f"./{path}", name) for path, name in named[:1]] + named[1:]),
        csv_of("image_id,name", [(image, "Zebra") for image in wanted]),
        csv_of("image_id,path,name", [(id_, *row) for id_, row in zip((10**30, 0, 9), named, strict=True)]),
        b"path\tname" + b"".join(b"\n%s\tZebra" % path.encode() for path, _ in named),
    ):
        (move,) = work.plan(data).moves
        assert sorted(move.images) == sorted(wanted) and move.into == 1
    monkeypatch.setattr("imclust_core.exchange.imports.imports._IMAGES_AT_ONCE", 2)
    work.imported(data)
    assert [event.kind for event in work.events] == ["name", "move", "move"] and set(wanted) < set(work.images(1))


@pytest.mark.parametrize("seed", range(2))
def test_whatever_a_table_says_no_image_is_lost_and_twice_is_once(work: Work, seed: int) -> None:
    chance, desk = random.Random(seed), work.desk
    for number in chance.sample(desk.clusters, 3):
        work.call(number, chance.choice(["a", "b", "c"]))
    work.put(images(desk, 1)[:1], chance.choice([ASIDE, UNASSIGNED]))
    wanted = {}
    for number in desk.clusters:
        mostly = chance.choice(["a", "b", "c", "d", ""])
        for image in images(desk, number):
            wanted[image] = mostly if chance.random() < chance.choice([0.5, 0.95]) else chance.choice("abcde")
    plan = work.imported(work.labels(wanted), replace=seed % 2 == 1)
    now = work.desk
    assert sorted(now.image_ids.tolist()) == sorted(desk.image_ids.tolist()) and sum(now.sizes.values()) == 36
    excused = {one.cluster for one in plan.kept} | {ASIDE, UNASSIGNED}
    for image, group in zip(now.image_ids.tolist(), now.group.tolist(), strict=True):
        assert group in excused or wanted[image] in ("", now.name_of(group))


def played(desk: Desk, plan: Plan) -> Desk:
    """The desk after a plan, without a workspace; each step has to be one that the store would take."""

    def step(now: Desk, kind: str, **value: Any) -> Desk:
        return advance(now, [Event(now.version + 1, "", "", "", kind, value, "ada", 0, 0)])

    made: dict[str, int] = {}
    for one in plan.namings:
        desk = step(desk, "name", number=one.cluster, name=one.name, state=one.state, note=one.note)
    for split in plan.splits:
        assert sum(len(part.images) for part in split.parts) < desk.sizes[split.cluster]
        made |= {part.name: desk.highest + at for at, part in enumerate(split.parts, 1)}
        parts = [{"into": made[part.name], "images": part.images} for part in split.parts]
        desk = step(desk, "split", **{"from": split.cluster, "parts": parts})
        for part in split.parts:
            desk = step(desk, "name", number=made[part.name], name=part.name, state="", note="")
    for move in plan.moves:
        into = move.into or made[move.name]
        assert into in desk.sizes and desk.name_of(into) == move.name
        desk = step(desk, "move", images=move.images, into=into)
    return desk


def by_chance(chance: random.Random) -> tuple[Desk, dict[int, str]]:
    """Any desk, and names for some of its images."""
    clusters, count = chance.randint(1, 7), chance.randint(1, 60)
    group = np.array([chance.randint(chance.random() > 0.9, clusters) for _ in range(count)])
    desk = fresh(np.arange(1, count + 1) * 3, group, clusters)
    said = [
        Naming(one, chance.choice(["a", "b", "c", ""]), chance.choice(["", "leftover"]), "", 0) for one in desk.clusters
    ]
    desk = played(desk, Plan("", 0, tuple(chance.sample(said, len(said) // 2))))
    wanted = {}
    for number in desk.sizes:
        mostly, share = chance.choice("abcd"), chance.choice([0.3, 0.6, 0.92, 1])
        for image in images(desk, number):
            wanted[image] = mostly if chance.random() < share else chance.choice("abcdef")
    return desk, dict(chance.sample(list(wanted.items()), chance.choice([len(wanted), len(wanted) // 2])))


def test_on_any_desk_a_table_of_images_has_its_way_and_twice_is_once() -> None:
    for named, called in ((9, ["a"]), (8, [])):
        desk, wanted = fresh(np.arange(10), np.ones(10, int), 1), dict.fromkeys(range(named), "a")
        assert [one.name for one in Labels(desk, wanted, Trouble(), replace=False).plan("").namings] == called
    for seed, replace in product(range(400), (False, True)):
        with case(seed, replace):
            desk, wanted = by_chance(random.Random(seed))
            plan = Labels(desk, wanted, Trouble(), replace=replace).plan("")
            now = played(desk, plan)
            assert Labels(now, wanted, Trouble(), replace=replace).plan("").empty
            excused = {one.cluster for one in plan.kept} | {UNASSIGNED}
            for image, group in zip(now.image_ids.tolist(), now.group.tolist(), strict=True):
                assert group in excused or image not in wanted or wanted[image] == now.name_of(group)
            assert not (replace and plan.kept)


def test_what_was_exported_and_comes_back_changes_nothing_or_brings_the_names(work: Work, tmp_path: Path) -> None:
    work.call(1, "=1+1", note='"so",\n=2')
    work.call(2, HOSTILE, state="doubtful")
    work.call(3, "=1+1")
    work.call(4, "", state="leftover")
    work.call(5, "'-'")
    desk = work.desk
    work.put(images(desk, 1)[:1], ASIDE)
    work.put(images(desk, 2)[:1], 3)
    folder = export(work.members, "csv", tmp_path / "out").folder
    for name, replace in product(("images.csv", "clusters.csv"), (False, True)):
        plan = work.plan((folder / name).read_bytes(), replace=replace)
        assert plan.empty and plan.unused == plan.kept == (), (name, plan)
    while work.undo(author="ada", uuid=f"undo {len(work.events)}"):
        pass
    for number in desk.clusters:
        work.call(number, f"name {number}")
    data = (export(work.members, "csv", tmp_path / "again").folder / "images.csv").read_bytes()
    before = work.names
    for _ in desk.clusters:
        work.undo(author="ada", uuid=f"undo {len(work.events)}")
    assert set(work.names.values()) == {""}
    work.imported(data)
    assert work.names == before


def test_every_cell_is_read_as_it_was_written() -> None:
    for text in CELLS:
        with case(text):
            (row,) = read_table(csv_of("path,name", [(text, "x")])).rows()
            assert row.path == text


def test_a_file_that_is_no_table_of_names_or_too_large_is_refused(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    for said, *files in (
        ("does not name the columns", b"", b"a,b\n1,2\n", b"cluster;state\n1;sure\n"),
        ("Two columns of the file are called 'name'", b"cluster,name,Name\n1,a,b\n"),
        ("cannot be read as a table", b"\xff\xfe\x00c", b'cluster,name\n1,"open\n', b"cluster,name\n1,\xff\n"),
    ):
        for data in files:
            with case(data), pytest.raises(ExportError, match=said):
                work.plan(data)
    monkeypatch.setattr("imclust_core.exchange.imports.reading.MOST_BYTES", 10)
    with pytest.raises(ExportError, match="larger than"):
        work.plan(b"cluster,name\n1,x\n")
    assert work.events == []


def test_who_comes_in_between_is_not_run_over_and_an_undo_makes_room(work: Work) -> None:
    plan = work.plan(csv_of("cluster,name", [(1, "Zebra"), (2, "Cat")]))
    work.call(2, "Dog", author="bob")
    with pytest.raises(LabelConflict, match=r"bob has changed.*1 changes of the file before"):
        work.carry_out(plan, "ada")
    desk = work.desk
    assert (desk.name_of(1), desk.name_of(2)) == ("Zebra", "Dog")
    with pytest.raises(LabelsError, match="Say who you are"):
        work.carry_out(work.plan(csv_of("cluster,name", [(3, "x")])), " ")
    data = csv_of("cluster,name", [(3, "Lynx")])
    work.imported(data)
    work.undo(author="ada", uuid="back")
    assert work.desk.name_of(3) == ""
    work.imported(data)
    assert work.desk.name_of(3) == "Lynx", "after an undo the same file does it again"


def test_the_command_imports_and_tells(work: Work, tmp_path: Path) -> None:
    work.call(2, "Cat")
    file = tmp_path / "names.csv"
    file.write_bytes(csv_of("cluster,name", [(1, "Zebra"), (2, "Dog"), (99, "x")]))
    asked = ["import", work.source.folder, "--clustering", work.made.id, "--author", "ada", "--file"]
    told = imclust(*asked, file).stdout
    assert "1 clusters named" in told and "keeps its name 'Cat'" in told and "line 4: 99" in told
    assert "Nothing was to be done" in imclust_here(*asked, file).stdout
    result: dict[str, Any] = json.loads(imclust_here(*asked, file, "--replace", "--json").stdout)
    assert result["named"] == [{"cluster": 2, "name": "Dog"}] and (result["changes"], result["unused_rows"]) == (1, 1)
    done = imclust_here(*asked, tmp_path / "no.csv")
    assert done.returncode == 1 and "There is no file" in done.stderr
