"""The doctor finds what is damaged, and puts the labels together from their copies without losing an event."""

import json
import os
import shutil
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from imclust_core.cli import main
from imclust_core.errors import WorkspaceError
from imclust_core.jobs.queue import Queue
from imclust_core.store.annotations.backups import back_up_if_due, backups_of
from imclust_core.store.annotations.events import Draft, Event, append, events_of
from imclust_core.store.annotations.log import read_log, replace_log
from imclust_core.store.collections import Collection, add_collection
from imclust_core.store.database import connect
from imclust_core.store.doctor.label_health import Finding
from imclust_core.store.doctor.workspace_health import Health, examine
from imclust_core.store.embeddings import embeddings_of
from imclust_core.store.lock import one_at_a_time
from imclust_core.store.workspace import Workspace
from tests.helpers.embedded import embedded_photographs

CLUSTERING = "0123456789ab"


def say(workspace: Workspace, *uuids: str) -> None:
    for uuid in uuids:
        value = {"name": f"{uuid} 🦁", "number": 1, "state": "", "note": ""}
        append(workspace, Draft(uuid, CLUSTERING, "", "name", value, "Ada"))


def look(workspace: Workspace, *, repair: bool = False) -> Health:
    return examine(workspace, lambda *_: None, repair=repair)


def only(health: Health) -> Finding:
    (finding,) = health.findings
    return finding


def flip(path: Path, at: int = -1) -> None:
    """Change the bytes in the middle of a file, or at a place."""
    raw = bytearray(path.read_bytes())
    place = len(raw) // 2 if at < 0 else at
    raw[place : place + 8] = bytes(255 - byte for byte in raw[place : place + 8])
    path.write_bytes(raw)


def mended(workspace: Workspace, uuids: str) -> list[Event]:
    """Repair: both copies then hold these events and no others, and repairing again finds and changes nothing."""
    health = look(workspace, repair=True)
    assert health.well and health.findings, health
    files = sorted((path.name, path.read_bytes()) for path in workspace.root.iterdir() if path.is_file())
    again = look(workspace, repair=True)
    assert (again.findings, again.aside, again.events) == ((), (), len(uuids))
    assert files == sorted((path.name, path.read_bytes()) for path in workspace.root.iterdir() if path.is_file())
    events = events_of(Workspace.open(workspace.root), CLUSTERING)
    assert [event.uuid for event in events] == list(uuids)
    assert [event for _, event in read_log(workspace.label_log)] == [event.__dict__ for event in events]
    say(workspace, "next")
    assert events_of(workspace, CLUSTERING)[-1].id == max(event.id for event in events) + 1
    return events


def test_a_new_workspace_and_one_with_labels_are_well(workspace: Workspace) -> None:
    assert look(workspace).well
    say(workspace, "a", "b")
    before = sorted(path.name for path in workspace.root.rglob("*"))
    health = look(workspace, repair=True)
    assert (health.findings, health.events, health.databases) == ((), 2, 2)
    assert sorted(path.name for path in workspace.root.rglob("*")) == before


def test_without_repair_nothing_is_changed(workspace: Workspace) -> None:
    say(workspace, "a", "b")
    workspace.labels.unlink()
    before = {path: path.read_bytes() for path in workspace.root.rglob("*") if path.is_file()}
    finding = only(look(workspace))
    assert finding.place == "labels.db" and not finding.mended and "imclust doctor --repair" in finding.remedy
    assert before == {path: path.read_bytes() for path in workspace.root.rglob("*") if path.is_file()}


def test_labels_that_are_gone_come_back_from_backup_and_log(workspace: Workspace) -> None:
    say(workspace, "a", "b", "c")  # the backup has the first only
    before = events_of(workspace, CLUSTERING)
    workspace.labels.unlink()
    assert mended(workspace, "abc") == before


def test_labels_come_back_from_the_log_alone_and_from_a_backup_alone(workspace: Workspace) -> None:
    say(workspace, "a", "b")
    workspace.labels.unlink()
    shutil.rmtree(workspace.backups)
    assert len(mended(workspace, "ab")) == 2
    back_up_if_due(workspace, every=0)
    workspace.labels.unlink()
    workspace.label_log.unlink()
    health = look(workspace, repair=True)
    assert health.well and health.events == 3


@pytest.mark.parametrize("damage", ["page", "header", "cut", "empty", "text", "CREAT\xe8", "UUID"])
def test_a_damaged_database_is_set_aside_and_made_anew(workspace: Workspace, damage: str) -> None:
    say(workspace, *"abcdef")
    before = events_of(workspace, CLUSTERING)
    path = workspace.labels
    if damage == "page":
        path.write_bytes(path.read_bytes()[:4096] + b"\xa5" * (path.stat().st_size - 4096))
    elif damage == "header":
        flip(path, 0)
    elif damage == "CREAT\xe8":  # what SQLite says of it is no text
        path.write_bytes(path.read_bytes().replace(b"CREATE TABLE label", b"CREAT\xe8 TABLE label"))
    elif damage == "UUID":
        path.write_bytes(path.read_bytes().replace(b"uuid TEXT NOT NULL UNIQUE", b"vuid TEXT NOT NULL UNIQUE"))
    elif damage == "cut":
        os.truncate(path, path.stat().st_size - 5000)
    else:
        path.write_bytes(b"" if damage == "empty" else b"this was a thesis\n" * 500)
    bad = path.read_bytes()
    assert only(look(workspace)).place == "labels.db"
    assert mended(workspace, "abcdef") == before
    (aside,) = workspace.root.glob("labels.db.aside-*")
    assert aside.read_bytes() == bad


def test_what_a_damaged_database_alone_knows_is_saved_from_it(workspace: Workspace) -> None:
    say(workspace, *[f"{number:04}" for number in range(300)])
    lines = workspace.label_log.read_bytes().splitlines(keepends=True)
    workspace.label_log.write_bytes(b"".join(lines[:-2]))  # as when its disk was full
    raw = bytearray(workspace.labels.read_bytes())
    at = raw.index(b'{"name":"0150 ') // 4096 * 4096
    raw[at : at + 4096] = b"\xa5" * 4096
    workspace.labels.write_bytes(raw)
    assert look(workspace, repair=True).well
    assert [event.uuid for event in events_of(workspace, CLUSTERING)] == [f"{number:04}" for number in range(300)]


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_leftovers_of_the_old_database_are_not_applied_to_the_new_one(workspace: Workspace, suffix: str) -> None:
    say(workspace, "a", "b")
    workspace.labels.unlink()
    left = workspace.root / f"labels.db{suffix}"
    left.write_bytes(b"old pages" * 1000)
    mended(workspace, "ab")
    (aside,) = workspace.root.glob(f"labels.db.aside-*{suffix}")
    assert aside.read_bytes() == b"old pages" * 1000


def test_an_older_database_that_was_put_back_gets_its_later_events(workspace: Workspace) -> None:
    say(workspace, "a")
    older = workspace.labels.read_bytes()
    say(workspace, "b", "c")
    before = events_of(workspace, CLUSTERING)
    workspace.labels.write_bytes(older)
    assert "lacks 2 events" in only(look(workspace)).problem
    assert mended(workspace, "abc") == before
    assert not list(workspace.root.glob("labels.db.aside-*"))


def test_events_under_one_number_are_both_kept_with_what_speaks_of_them(workspace: Workspace) -> None:
    say(workspace, "a")
    older = workspace.labels.read_bytes()
    say(workspace, "b")
    append(workspace, Draft("c", CLUSTERING, "", "undo", {"event": 2}, "Ada", 2))
    log = workspace.label_log.read_bytes()
    workspace.labels.write_bytes(older)
    workspace.label_log.unlink()
    say(workspace, "x", "y")
    workspace.label_log.write_bytes(log)
    finding = next(one for one in look(workspace).findings if "number" in one.problem)
    assert "2 as 4, 3 as 5" in finding.remedy
    events = mended(workspace, "axybc")
    assert [event.id for event in events] == [1, 2, 3, 4, 5]
    assert (events[4].value, events[4].base) == ({"event": 4}, 4)


@pytest.mark.parametrize("change", ["value = '{'", 'value = \'{"name":"cat"}\'', "author = 'Eve'", "at = 'never'"])
def test_a_row_that_was_changed_is_what_the_log_says_again(workspace: Workspace, change: str) -> None:
    say(workspace, *"abc")
    before = events_of(workspace, CLUSTERING)
    with closing(connect(workspace.labels)) as db:
        db.execute(f"UPDATE label_events SET {change} WHERE uuid = 'b'")  # noqa: S608  ours
    assert "labels.db" in {finding.place for finding in look(workspace).findings}
    assert mended(workspace, "abc") == before


def test_a_log_that_is_gone_or_lacks_events_is_written_anew(workspace: Workspace) -> None:
    say(workspace, *"abc")
    lines = workspace.label_log.read_bytes().splitlines(keepends=True)
    workspace.label_log.write_bytes(lines[0] + lines[2])
    assert "lacks 1 event of" in only(look(workspace)).problem
    mended(workspace, "abc")
    (aside,) = workspace.root.glob("labels.jsonl.aside-*")
    assert aside.read_bytes() == lines[0] + lines[2]
    workspace.label_log.unlink()
    assert "gone" in only(look(workspace, repair=True)).problem and look(workspace).well


def test_damaged_lines_of_the_log_are_named_and_written_anew(workspace: Workspace) -> None:
    say(workspace, *"abc")
    before = events_of(workspace, CLUSTERING)
    lines = workspace.label_log.read_bytes().splitlines(keepends=True)
    workspace.label_log.write_bytes(lines[0] + lines[1].replace(b"Ada", b"Eve") + lines[2][:-9])
    assert "number 2, 3 is damaged" in only(look(workspace)).problem
    assert mended(workspace, "abc") == before


def test_a_log_out_of_order_or_with_doubles_is_put_in_order(workspace: Workspace) -> None:
    say(workspace, *"abc")
    lines = workspace.label_log.read_bytes().splitlines(keepends=True)
    workspace.label_log.write_bytes(lines[1] + lines[0] + lines[2] + lines[2])
    assert "not in order" in only(look(workspace)).problem
    mended(workspace, "abc")


def test_the_whole_last_line_counts_though_its_end_is_missing(workspace: Workspace) -> None:
    say(workspace, *"abc")
    os.truncate(workspace.label_log, workspace.label_log.stat().st_size - 1)
    workspace.labels.unlink()
    mended(workspace, "abc")


def test_all_copies_damaged_in_different_places_still_give_every_event(workspace: Workspace) -> None:
    say(workspace, *"abcd")
    older = workspace.labels.read_bytes()
    say(workspace, *"ef")
    (workspace.backups / "labels-20200101T000000Z.db").write_bytes(older)
    raw = workspace.label_log.read_bytes().splitlines(keepends=True)
    workspace.label_log.write_bytes(b"".join([raw[0], b"lost\n", raw[2], b"lost\n", raw[4], raw[5]]))
    workspace.labels.write_bytes(b"")
    mended(workspace, "abcdef")


def test_an_event_that_no_copy_has_is_said_to_be_lost_once(workspace: Workspace) -> None:
    say(workspace, *"abc")
    shutil.rmtree(workspace.backups)
    workspace.labels.unlink()
    lines = workspace.label_log.read_bytes().splitlines(keepends=True)
    workspace.label_log.write_bytes(lines[0] + b"lost\n" + lines[2])
    health = look(workspace, repair=True)
    assert not health.well and "1 event can be read in no copy, number 2" in health.findings[-1].problem
    assert look(workspace).well and [event.uuid for event in events_of(workspace, CLUSTERING)] == ["a", "c"]


@pytest.mark.parametrize("number", [2**25, 2**63 - 1])
@pytest.mark.parametrize("where", ["database", "everywhere"])
def test_a_wild_number_neither_hangs_nor_ends_the_doctor(workspace: Workspace, number: int, where: str) -> None:
    say(workspace, *"abc")
    shutil.rmtree(workspace.backups)
    with closing(connect(workspace.labels)) as db:
        db.execute("UPDATE label_events SET id = ? WHERE uuid = 'c'", (number,))
        if where == "everywhere":
            lines = [json.loads(line)["event"] for line in workspace.label_log.read_bytes().splitlines()]
            replace_log(workspace.label_log, [*lines[:2], lines[2] | {"id": number}])
            db.execute("DELETE FROM label_events WHERE uuid = 'b'")  # so that there is something to mend
    assert not look(workspace).well
    health = look(workspace, repair=True)
    lost = [one.problem for one in health.findings if not one.mended]
    gap = "33,554,429 events can be read in no copy, number 3 to 33554431."
    assert lost == ([gap] if number == 2**25 else [])
    say(workspace, "d")
    events = events_of(workspace, CLUSTERING)
    assert [event.uuid for event in events] == list("abcd") and events[3].id == events[2].id + 1
    assert look(workspace).well and events[2].id == (3 if number > 2**25 else number)


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": {}},
        {"kind": "move", "value": {"images": "abc", "into": 1}},
        {"kind": "undo", "value": {"event": {"a": 1}}},
        {"at": 2**80},
        {"id": 2**70},
        {"author": "\ud83e"},
    ],
    ids=str,
)
def test_an_event_without_what_its_kind_needs_is_damaged(workspace: Workspace, wrong: dict[str, Any]) -> None:
    say(workspace, *"abc")
    before = events_of(workspace, CLUSTERING)
    shutil.rmtree(workspace.backups)
    events = [json.loads(line)["event"] for line in workspace.label_log.read_bytes().splitlines()]
    replace_log(workspace.label_log, [*events[:2], events[2] | wrong])
    assert "number 3 is damaged" in only(look(workspace)).problem
    if "value" in wrong:
        with closing(connect(workspace.labels)) as db:
            row = (wrong.get("kind", "name"), json.dumps(wrong["value"]))
            db.execute("UPDATE label_events SET kind = ?, value = ? WHERE uuid = 'c'", row)
        assert "1 event cannot be read" in look(workspace).findings[0].problem
        before = before[:2]
    mended(workspace, "abc"[: len(before)])


def test_a_repair_from_a_copy_alone_says_of_when_it_is(workspace: Workspace) -> None:
    say(workspace, "a")  # the copy has this one only
    (backup,) = backups_of(workspace)
    backup.rename(backup.with_name("labels-20240229T101112Z.db"))
    say(workspace, "b")
    log = workspace.label_log.read_bytes()
    workspace.labels.unlink()
    assert "lost" not in only(look(workspace)).remedy, "the log has all of it"
    workspace.label_log.unlink()
    said = "from the copy of 2024-02-29 10:11:12 UTC: what was said after it is lost."
    assert said in look(workspace).findings[0].remedy
    health = look(workspace, repair=True)
    assert said in health.findings[0].remedy and health.findings[0].mended
    workspace.label_log.write_bytes(log)
    assert "lacks 1 event" in look(workspace).findings[0].problem


def test_a_folder_with_the_name_of_a_copy_is_named_and_in_nobodys_way(workspace: Workspace) -> None:
    stray = workspace.backups / "labels-20990101T000000Z.db"
    stray.mkdir(parents=True)
    place = f"backups/{stray.name}"
    assert only(look(workspace)).place == place
    say(workspace, *"abc")
    workspace.labels.unlink()
    health = look(workspace, repair=True)
    assert [(one.place, one.mended) for one in health.findings] == [("labels.db", True), (place, False)]
    assert "Move it out" in health.findings[1].remedy and only(look(workspace, repair=True)).place == place
    stray.rmdir()
    assert look(workspace).well


def test_a_damaged_backup_is_set_aside(workspace: Workspace) -> None:
    say(workspace, "a")
    (backup,) = backups_of(workspace)
    flip(backup, 0)
    finding = only(look(workspace))
    assert finding.place == f"backups/{backup.name}" and "damaged" in finding.problem
    mended(workspace, "a")
    assert list(workspace.backups.glob(f"{backup.name}.aside-*"))


def test_a_repair_that_is_interrupted_loses_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    say(workspace, *"abc")
    lines = workspace.label_log.read_bytes().splitlines(keepends=True)
    workspace.label_log.write_bytes(lines[0] + b"lost\n")
    with closing(connect(workspace.labels)) as db:
        page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events_by_target'").fetchone()[0]
    raw = bytearray(workspace.labels.read_bytes())
    raw[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096  # the events themselves can be read
    workspace.labels.write_bytes(raw)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(
            "imclust_core.store.doctor.label_repair._make_anew", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        look(workspace, repair=True)
    workspace.labels.unlink()
    mended(workspace, "abc")


def test_a_full_disk_in_the_middle_of_a_repair_changes_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(workspace, *"ab")
    flip(workspace.labels, 0)
    bad = workspace.labels.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(
            "imclust_core.store.doctor.label_repair.migrate", lambda *_: (_ for _ in ()).throw(OSError(28, "full"))
        )
        assert "full" in only(look(workspace, repair=True)).problem
    assert workspace.labels.read_bytes() == bad and not list(workspace.root.glob("*.tmp-*"))
    mended(workspace, "ab")


def test_labels_that_are_locked_are_not_taken_for_damaged(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(workspace, "a")
    monkeypatch.setattr("imclust_core.store.database.BUSY_SECONDS", 0.1)
    with closing(connect(workspace.labels)) as db:
        db.execute("BEGIN EXCLUSIVE")
        finding = only(look(workspace, repair=True))
    assert "locked" in finding.problem and not finding.mended and look(workspace).well


def test_labels_of_a_newer_imclust_are_left_alone(workspace: Workspace) -> None:
    say(workspace, "a")
    workspace.label_log.unlink()
    with closing(connect(workspace.labels)) as db:
        db.execute("INSERT INTO migrations VALUES ('0099_later', 0)")
    with pytest.raises(WorkspaceError, match="newer imclust"):
        look(workspace, repair=True)
    assert not workspace.label_log.exists()


def test_a_repair_waits_for_whoever_writes(workspace: Workspace) -> None:
    say(workspace, "a")
    workspace.labels.unlink()
    health: list[Health] = []
    thread = threading.Thread(target=lambda: health.append(look(workspace, repair=True)))
    with one_at_a_time(workspace.root / "labels.lock"):
        thread.start()
        thread.join(0.3)
        assert not health and not workspace.labels.exists()
    thread.join()
    assert health[0].well and workspace.labels.exists()


@pytest.mark.parametrize("name", ["catalog.db", "jobs.db"])
@pytest.mark.parametrize("damage", [b"", b"no database at all\n" * 300])
def test_damaged_databases_are_named_with_what_to_do(workspace: Workspace, name: str, damage: bytes) -> None:
    Queue(workspace)
    (workspace.root / name).write_bytes(damage)
    finding = only(look(workspace, repair=True))
    assert finding.place == name and "damaged" in finding.problem and "Stop imclust" in finding.remedy


def test_a_catalogue_that_is_gone_or_speaks_of_what_is_gone_is_named(workspace: Workspace, photos: Path) -> None:
    made = add_collection(workspace, photos)
    with closing(connect(workspace.catalogue)) as db:
        db.execute("PRAGMA foreign_keys=OFF")
        db.execute("INSERT INTO images (collection_id, path, state, size, mtime_ns) VALUES ('none', 'a', 'ok', 1, 1)")
    assert made.id and "1 of its rows" in only(look(workspace)).problem
    workspace.catalogue.unlink()
    assert only(look(workspace)).problem == "It is gone."


def test_vectors_that_changed_or_are_gone_are_named_and_can_be_made_again(
    workspace: Workspace, source: Collection
) -> None:
    health = look(workspace)
    assert health.well and health.shards > 1
    (one,) = embeddings_of(workspace, source.id)
    first, second = sorted((one.folder / "shards").iterdir())[:2]
    flip(first / "features.npy")
    (second / "seal.json").write_text("[]")
    problems = {finding.place.rpartition("/")[2]: finding.problem for finding in look(workspace).findings}
    assert set(problems) == {first.name, second.name} and "its seal" in problems[second.name]
    assert "features.npy has changed" in problems[first.name]
    shutil.rmtree(second)
    assert [one.problem for one in look(workspace).findings if "is gone" in one.problem]
    embedded_photographs(workspace, Path(source.folder))
    assert [one.problem for one in look(workspace).findings] == [problems[first.name]]


def test_segments_and_whole_embeddings_that_are_gone_are_named(workspace: Workspace, source: Collection) -> None:
    (one,) = embeddings_of(workspace, source.id)
    (one.folder / "segments" / "0000" / "plan.json").write_text("{")
    assert "cannot be read" in only(look(workspace)).problem
    shutil.rmtree(one.folder)
    finding = only(look(workspace))
    assert "are gone" in finding.problem and "embed again" in finding.remedy


def test_clusterings_that_are_damaged_or_gone_are_named(
    workspace: Workspace, source: Collection, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cluster", source.id, "--k", "3", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["clustering"]
    assert look(workspace).clusterings == 1
    path = workspace.clusterings / f"{made}.npz"
    flip(path, 200)
    finding = only(look(workspace))
    assert (finding.place, finding.problem) == (f"clusterings/{made}.npz", "It is damaged.")
    path.unlink()
    assert only(look(workspace)).problem == "It is gone."


def test_progress_is_told_while_vectors_are_compared(workspace: Workspace, source: Collection) -> None:
    told: list[tuple[int, int | None, str]] = []
    examine(workspace, lambda *facts: told.append(facts))
    totals = {total for _, total, message in told if "vectors" in message}
    assert source.id and len(totals) == 1 and "comparing the labels with their copies" in told[0][2]


def test_the_command_says_what_it_did_and_its_exit_code(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    say(workspace, "a", "b")
    assert main(["doctor"]) == 0 and "all is well" in capsys.readouterr().out
    workspace.labels.write_bytes(b"")
    folder = str(workspace.root)
    assert main(["doctor", "--workspace", folder]) == 1
    assert f"Run imclust doctor --repair --workspace {folder}" in capsys.readouterr().out
    assert main(["doctor", "--repair"]) == 0
    said = capsys.readouterr().out
    assert "mended  labels.db: It is damaged" in said and "kept    " in said and "all is well" in said
    assert main(["doctor"]) == 0 and "mended" not in capsys.readouterr().out


def test_the_command_gives_one_json_object(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    say(workspace, "a")
    workspace.labels.unlink()
    assert main(["doctor", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["well"], told["events"], told["aside"]) == (False, 1, [])
    assert told["findings"][0]["place"] == "labels.db" and told["findings"][0]["mended"] is False
    assert main(["doctor", "--json", "--repair"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["mended"] is True


def test_a_folder_that_is_no_workspace_is_refused_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.doc").write_text("precious")
    assert main(["doctor", "--repair", "--workspace", str(tmp_path)]) == 1
    assert "is not an imclust workspace" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]
