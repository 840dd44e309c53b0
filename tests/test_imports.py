"""Names that come back from a table: what would be done is told first, done once, and never over somebody's head."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imclust_core.annotation.annotated import ASIDE, UNASSIGNED, Desk, advance, fresh
from imclust_core.annotation.editing import open_desk, undo
from imclust_core.errors import ExportError, LabelConflict, LabelsError
from imclust_core.exchange.exports.exports import export
from imclust_core.exchange.exports.members import open_members
from imclust_core.exchange.exports.tables import csv_bytes
from imclust_core.exchange.imports.image_labels import Labels
from imclust_core.exchange.imports.imports import carry_out, plan_import
from imclust_core.exchange.imports.plans import MOST_LISTED, Kept, Naming, Plan, Trouble
from imclust_core.exchange.imports.reading import read_table
from imclust_core.store.annotations.events import Event, events_of
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from tests.helpers.cases import case
from tests.helpers.clusterings import clustered
from tests.helpers.command import imclust
from tests.helpers.tables import CELLS, HOSTILE, call, put


@pytest.fixture
def made(workspace: Workspace, source: Collection) -> Clustering:
    """Six clusters that nobody has touched."""
    return clustered(workspace, source)


def csv_of(header: str, rows: Iterable[tuple[object, ...]]) -> bytes:
    return csv_bytes(header.split(","), rows)


def plan_of(workspace: Workspace, made: Clustering, data: bytes, **options: bool) -> Plan:
    return plan_import(open_members(workspace, made), data, **options)


def imported(workspace: Workspace, made: Clustering, data: bytes, **options: bool) -> Plan:
    """Import a table; a second time must find nothing left to do."""
    plan = plan_of(workspace, made, data, **options)
    events = carry_out(workspace, made, plan, "ada")
    before = events_of(workspace, made.id)
    assert [one.id for one in carry_out(workspace, made, plan, "ada")] == [one.id for one in events]
    again = plan_of(workspace, made, data, **options)
    assert again.empty and carry_out(workspace, made, again, "ada") == []
    assert events_of(workspace, made.id) == before
    return plan


def paths_of(workspace: Workspace, made: Clustering) -> dict[int, str]:
    return {row.image: row.shown_path for row in open_members(workspace, made)}


def labels(workspace: Workspace, made: Clustering, wanted: Mapping[int, str]) -> bytes:
    """A table of images, by path."""
    paths = paths_of(workspace, made)
    return csv_of("path,name", [(paths[image], name) for image, name in wanted.items()])


def images(desk: Desk, number: int) -> list[int]:
    found: list[int] = desk.image_ids[desk.rows_of(number)].tolist()
    return found


def names(desk: Desk) -> dict[int, str]:
    """What each image is called now."""
    return {int(image): desk.name_of(int(group)) for image, group in zip(desk.image_ids, desk.group, strict=True)}


# Names of clusters


def test_clusters_get_their_names_states_and_notes(workspace: Workspace, made: Clustering) -> None:
    data = csv_of("Cluster,Name,State,Note", [(1, "Zebra", "doubtful", "or okapi"), ("cluster 2", HOSTILE, "", "")])
    plan = imported(workspace, made, data)
    assert plan.namings[0] == Naming(1, "Zebra", "doubtful", "or okapi", 0) and plan.unused_rows == 0
    desk = open_desk(workspace, made)
    assert desk.name_of(2) == HOSTILE and desk.names[1].note == "or okapi"
    assert (desk.names[1].author, desk.names[1].via) == ("ada", "import")


def test_names_that_somebody_gave_are_kept_unless_asked(workspace: Workspace, made: Clustering) -> None:
    call(workspace, made, 1, "Zebra", note="stripes")
    call(workspace, made, 2, "", state="leftover")
    data = csv_of("cluster,name", [(1, "Horse"), (2, "Sky"), (3, "Cat")])
    plan = imported(workspace, made, data)
    assert plan.kept == (Kept(1, "Zebra", "Horse"), Kept(2, "", "Sky")) and [one.cluster for one in plan.namings] == [3]
    imported(workspace, made, data, replace=True)
    desk = open_desk(workspace, made)
    assert [desk.name_of(number) for number in (1, 2, 3)] == ["Horse", "Sky", "Cat"]
    assert desk.names[1].note == "stripes", "what the file does not say stays"


def test_what_cannot_be_used_is_told_line_by_line(workspace: Workspace, made: Clustering) -> None:
    rows = [(99, "x"), ("one", "x"), (-1, "x"), (1, "x" * 101), (2, "a"), (2, "b"), (3, ""), (4, "ok"), (4, "ok")]
    plan = plan_of(workspace, made, csv_of("cluster,name", rows))
    assert sorted(one.line for one in plan.unused) == [2, 3, 4, 5, 6, 7] and plan.unused_rows == 6
    assert [one.name for one in plan.namings] == ["ok"]
    assert "longer than 100" in {one.line: one.why for one in plan.unused}[5]
    (row,) = plan_of(workspace, made, csv_of("cluster,name,state", [(1, "x", "fine")])).unused
    assert "sure, doubtful" in row.why


def test_very_many_useless_lines_are_counted(workspace: Workspace, made: Clustering) -> None:
    plan = plan_of(workspace, made, csv_of("path,name", [(f"{number}.jpg", "x") for number in range(3000)]))
    assert (plan.unused_rows, len(plan.unused), plan.empty) == (3000, MOST_LISTED, True)


# Names of images


def test_a_cluster_takes_the_name_of_nine_in_ten_and_the_others_go_where_they_belong(
    workspace: Workspace, made: Clustering
) -> None:
    desk = open_desk(workspace, made)
    first, second = desk.clusters[:2]
    wanted = {**dict.fromkeys(images(desk, first), "Zebra"), **dict.fromkeys(images(desk, second), "Cat")}
    wanted[images(desk, 3)[0]] = "Zebra"
    plan = imported(workspace, made, labels(workspace, made, wanted))
    now = names(open_desk(workspace, made))
    assert all(now[image] == name for image, name in wanted.items())
    assert {one.name for one in plan.namings} == {"Zebra", "Cat"} and plan.splits == ()
    assert {(move.name, move.into) for move in plan.moves} == {("Zebra", first)}


def test_images_of_a_name_that_no_cluster_has_become_one(workspace: Workspace, made: Clustering) -> None:
    call(workspace, made, 1, "Zebra")
    desk = open_desk(workspace, made)
    wanted = dict.fromkeys([*images(desk, 1)[:2], images(desk, 2)[0]], "Okapi")
    plan = imported(workspace, made, labels(workspace, made, wanted))
    now = open_desk(workspace, made)
    (split,), (move,) = plan.splits, plan.moves
    assert (split.cluster, len(split.parts[0].images), move.into, len(move.images)) == (1, 2, 0, 1)
    assert now.clusters == [*desk.clusters, desk.highest + 1]
    assert sorted(images(now, desk.highest + 1)) == sorted(wanted) and now.name_of(1) == "Zebra"
    assert len(now.image_ids) == 36 and sum(now.sizes.values()) == 36


def test_a_cluster_that_would_be_emptied_is_the_new_one_itself(workspace: Workspace, made: Clustering) -> None:
    desk = open_desk(workspace, made)
    members = images(desk, 1)
    half = len(members) // 2
    wanted = {image: "A" if at < half - 1 else "B" for at, image in enumerate(members)}
    plan = imported(workspace, made, labels(workspace, made, wanted))
    assert [(one.cluster, one.name) for one in plan.namings] == [(1, "B")]
    assert [part.name for split in plan.splits for part in split.parts] == ["A"]
    now = names(open_desk(workspace, made))
    assert all(now[image] == name for image, name in wanted.items())


def test_a_cluster_with_another_name_keeps_it_and_its_images(workspace: Workspace, made: Clustering) -> None:
    call(workspace, made, 1, "Zebra")
    desk = open_desk(workspace, made)
    data = labels(workspace, made, dict.fromkeys(images(desk, 1), "Horse"))
    plan = imported(workspace, made, data)
    assert plan.empty and plan.kept == (Kept(1, "Zebra", "Horse"),)
    assert [one.name for one in imported(workspace, made, data, replace=True).namings] == ["Horse"]


def test_images_set_aside_stay_so_unless_asked(workspace: Workspace, made: Clustering) -> None:
    call(workspace, made, 1, "Zebra")
    aside, nowhere = images(open_desk(workspace, made), 2)[:2]
    put(workspace, made, [aside], ASIDE)
    put(workspace, made, [nowhere], UNASSIGNED)
    data = labels(workspace, made, {aside: "Zebra", nowhere: "Zebra"})
    plan = imported(workspace, made, data)
    assert [move.images for move in plan.moves] == [(nowhere,)] and "set aside" in plan.unused[0].why
    imported(workspace, made, data, replace=True)
    assert {names(open_desk(workspace, made))[image] for image in (aside, nowhere)} == {"Zebra"}


def test_images_in_no_cluster_make_none(workspace: Workspace, made: Clustering) -> None:
    nowhere = images(open_desk(workspace, made), 1)[:2]
    put(workspace, made, nowhere, UNASSIGNED)
    plan = imported(workspace, made, labels(workspace, made, dict.fromkeys(nowhere, "Okapi")))
    assert plan.empty and "no cluster of this name" in plan.unused[0].why


def test_images_are_found_by_path_by_file_name_and_by_id(workspace: Workspace, made: Clustering) -> None:
    call(workspace, made, 1, "Zebra")
    paths = paths_of(workspace, made)
    one, two, three = images(open_desk(workspace, made), 2)[:3]
    for data in (
        csv_of("file,label", [(f"./{paths[one]}", "Zebra"), (paths[two], "Zebra"), (paths[three], "Zebra")]),
        csv_of("image_id,name", [(image, "Zebra") for image in (one, two, three)]),
        csv_of(
            "image_id,path,name", [(10**30, paths[one], "Zebra"), (0, paths[two], "Zebra"), (9, paths[three], "Zebra")]
        ),
        "\t".join(["path", "name"]).encode() + b"".join(b"\n%s\tZebra" % paths[i].encode() for i in (one, two, three)),
    ):
        (move,) = plan_of(workspace, made, data).moves
        assert sorted(move.images) == sorted((one, two, three)) and move.into == 1


def test_an_image_with_two_names_is_left_alone(workspace: Workspace, made: Clustering) -> None:
    call(workspace, made, 1, "Zebra")
    image = images(open_desk(workspace, made), 2)[0]
    data = csv_of("image_id,name", [(image, "Zebra"), (image, "Cat"), (image, "Zebra"), (image, ""), (12345, "Cat")])
    plan = imported(workspace, made, data)
    assert plan.empty and [one.line for one in plan.unused] == [2, 3, 4, 6] and plan.unused_rows == 4


@pytest.mark.parametrize("seed", range(6))
def test_whatever_a_table_says_no_image_is_lost_and_twice_is_once(
    workspace: Workspace, made: Clustering, seed: int
) -> None:
    chance, desk = random.Random(seed), open_desk(workspace, made)
    for number in chance.sample(desk.clusters, 3):
        call(workspace, made, number, chance.choice(["a", "b", "c"]))
    put(workspace, made, images(desk, 1)[:1], chance.choice([ASIDE, UNASSIGNED]))
    wanted = {}
    for number in desk.clusters:
        mostly = chance.choice(["a", "b", "c", "d", ""])
        for image in images(desk, number):
            wanted[image] = mostly if chance.random() < chance.choice([0.5, 0.95]) else chance.choice("abcde")
    plan = imported(workspace, made, labels(workspace, made, wanted), replace=seed % 2 == 1)
    now = open_desk(workspace, made)
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
    for replace in [False, True]:
        with case(replace):
            for seed in range(400):
                desk, wanted = by_chance(random.Random(seed))
                plan = Labels(desk, wanted, Trouble(), replace=replace).plan("")
                now = played(desk, plan)
                assert Labels(now, wanted, Trouble(), replace=replace).plan("").empty, seed
                excused = {one.cluster for one in plan.kept} | {UNASSIGNED}
                for image, group in zip(now.image_ids.tolist(), now.group.tolist(), strict=True):
                    assert group in excused or image not in wanted or wanted[image] == now.name_of(group), seed
                assert not (replace and plan.kept)


# There and back


def test_what_was_exported_and_comes_back_changes_nothing(
    workspace: Workspace, made: Clustering, tmp_path: Path
) -> None:
    call(workspace, made, 1, "=1+1", note='"so",\n=2')
    call(workspace, made, 2, HOSTILE, state="doubtful")
    call(workspace, made, 3, "=1+1")
    call(workspace, made, 4, "", state="leftover")
    call(workspace, made, 5, "'-'")
    desk = open_desk(workspace, made)
    put(workspace, made, images(desk, 1)[:1], ASIDE)
    put(workspace, made, images(desk, 2)[:1], 3)
    folder = export(open_members(workspace, made), "csv", tmp_path / "out").folder
    for name in ("images.csv", "clusters.csv"):
        for replace in (False, True):
            plan = plan_of(workspace, made, (folder / name).read_bytes(), replace=replace)
            assert plan.empty and plan.unused == plan.kept == (), (name, plan)


def test_what_was_exported_gives_another_clustering_its_names(
    workspace: Workspace, made: Clustering, tmp_path: Path
) -> None:
    for number in open_desk(workspace, made).clusters:
        call(workspace, made, number, f"name {number}")
    data = (export(open_members(workspace, made), "csv", tmp_path / "out").folder / "images.csv").read_bytes()
    before = names(open_desk(workspace, made))
    for _ in range(6):
        undo(workspace, made, author="ada", uuid=f"undo {len(events_of(workspace, made.id))}")
    assert set(names(open_desk(workspace, made)).values()) == {""}
    imported(workspace, made, data)
    assert names(open_desk(workspace, made)) == before


def test_every_cell_is_read_as_it_was_written() -> None:
    for text in CELLS:
        with case(text):
            (row,) = read_table(csv_of("path,name", [(text, "x")])).rows()
            assert row.path == text


@pytest.mark.parametrize("head", ["cluster,name", "path,name"])
def test_rows_that_do_not_say_clearly_what_they_mean_are_listed(
    workspace: Workspace, made: Clustering, head: str
) -> None:
    paths = list(paths_of(workspace, made).values()) if head.startswith("path") else ["0", "1", "2", "3"]
    lines = [head, f"{paths[1]},Lion, African", f"{paths[2]},\u3164\ufe0f", f"{paths[3]},Zebra,,"]
    plan = plan_of(workspace, made, "\n".join(lines).encode())
    assert [(one.line, one.what) for one in plan.unused] == [(2, "African"), (3, paths[2])] and plan.unused_rows == 2
    assert "needs quotes" in plan.unused[0].why and "nothing that can be seen" in plan.unused[1].why


# Tables that are none, and others at work


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "does not name the columns"),
        (b"a,b\n1,2\n", "does not name the columns"),
        (b"cluster;state\n1;sure\n", "does not name the columns"),
        (b"cluster,name,Name\n1,a,b\n", "Two columns of the file are called 'name'"),
        (b"\xff\xfe\x00c", "cannot be read as a table"),
        (b'cluster,name\n1,"open\n', "cannot be read as a table"),
        (b"cluster,name\n1,\xff\n", "cannot be read as a table"),
    ],
)
def test_a_file_that_is_no_table_of_names_is_refused(
    workspace: Workspace, made: Clustering, data: bytes, said: str
) -> None:
    with pytest.raises(ExportError, match=said):
        plan_of(workspace, made, data)
    assert events_of(workspace, made.id) == []


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imclust_core.exchange.imports.reading.MOST_BYTES", 10)
    with pytest.raises(ExportError, match="larger than"):
        read_table(b"cluster,name\n1,x\n")


def test_who_comes_in_between_is_not_run_over(workspace: Workspace, made: Clustering) -> None:
    plan = plan_of(workspace, made, csv_of("cluster,name", [(1, "Zebra"), (2, "Cat")]))
    call(workspace, made, 2, "Dog", author="bob")
    with pytest.raises(LabelConflict, match=r"bob has changed.*1 changes of the file before"):
        carry_out(workspace, made, plan, "ada")
    desk = open_desk(workspace, made)
    assert (desk.name_of(1), desk.name_of(2)) == ("Zebra", "Dog")
    with pytest.raises(LabelsError, match="Say who you are"):
        carry_out(workspace, made, plan_of(workspace, made, csv_of("cluster,name", [(3, "x")])), " ")


def test_the_same_file_can_be_imported_again_after_an_undo(workspace: Workspace, made: Clustering) -> None:
    data = csv_of("cluster,name", [(1, "Zebra")])
    imported(workspace, made, data)
    undo(workspace, made, author="ada", uuid="back")
    assert open_desk(workspace, made).name_of(1) == ""
    imported(workspace, made, data)
    assert open_desk(workspace, made).name_of(1) == "Zebra"


def test_many_images_are_moved_in_pieces(
    workspace: Workspace, made: Clustering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imclust_core.exchange.imports.imports._IMAGES_AT_ONCE", 2)
    call(workspace, made, 1, "Zebra")
    chosen = images(open_desk(workspace, made), 2)[:5]
    imported(workspace, made, labels(workspace, made, dict.fromkeys(chosen, "Zebra")))
    assert Counter(event.kind for event in events_of(workspace, made.id)) == {"name": 1, "move": 3}
    assert set(chosen) < set(images(open_desk(workspace, made), 1))


def test_the_command_imports_and_tells(
    workspace: Workspace, made: Clustering, source: Collection, tmp_path: Path
) -> None:
    call(workspace, made, 2, "Cat")
    file = tmp_path / "names.csv"
    file.write_bytes(csv_of("cluster,name", [(1, "Zebra"), (2, "Dog"), (99, "x")]))
    asked = ["import", source.folder, "--clustering", made.id, "--file", file, "--author", "ada"]
    told = imclust(*asked).stdout
    assert "1 clusters named" in told and "keeps its name 'Cat'" in told and "line 4: 99" in told
    assert "Nothing was to be done" in imclust(*asked).stdout
    result: dict[str, Any] = json.loads(imclust(*asked, "--replace", "--json").stdout)
    assert result["named"] == [{"cluster": 2, "name": "Dog"}] and (result["changes"], result["unused_rows"]) == (1, 1)
    done = imclust("import", source.folder, "--clustering", made.id, "--file", tmp_path / "no.csv", "--author", "a")
    assert done.returncode == 1 and "There is no file" in done.stderr
