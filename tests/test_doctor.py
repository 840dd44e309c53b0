"""The doctor finds what is damaged, and puts the labels together from their copies without losing an event."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import Mock

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
from tests.helpers.cases import case
from tests.helpers.embedded import embedded_photographs

CLUSTERING = "0123456789ab"
REPAIR = "imclust_core.store.doctor.label_repair."


def say(workspace: Workspace, *uuids: str) -> list[Event]:
    """Append an event of each of these names, and return all that there are."""
    for uuid in uuids:
        value = {"name": f"{uuid} 🦁", "number": 1, "state": "", "note": ""}
        append(workspace, Draft(uuid, CLUSTERING, "", "name", value, "Ada"))
    return events_of(workspace, CLUSTERING)


def look(workspace: Workspace, *, repair: bool = False) -> Health:
    return examine(workspace, lambda *_: None, repair=repair)


def only(health: Health) -> Finding:
    (finding,) = health.findings
    return finding


def flipped(raw: bytes, at: int) -> bytes:
    """Eight bytes changed at a place."""
    return raw[:at] + bytes(255 - byte for byte in raw[at : at + 8]) + raw[at + 8 :]


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> bytes:
    """Put into a file what comes of the bytes in it."""
    path.write_bytes(made := change(path.read_bytes()))
    return made


def lines_of(workspace: Workspace) -> list[bytes]:
    return workspace.label_log.read_bytes().splitlines(keepends=True)


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def mended(workspace: Workspace, uuids: Sequence[str]) -> list[Event]:
    """Repair: both copies then hold these events and no others, and repairing again finds and changes nothing."""
    health = look(workspace, repair=True)
    assert health.well and health.findings, health
    files = files_in(workspace.root)
    again = look(workspace, repair=True)
    assert (again.findings, again.aside, again.events) == ((), (), len(uuids))
    assert files == files_in(workspace.root)
    events = events_of(Workspace.open(workspace.root), CLUSTERING)
    assert [event.uuid for event in events] == list(uuids)
    assert [event for _, event in read_log(workspace.label_log)] == [event.__dict__ for event in events]
    assert say(workspace, f"after {len(uuids)}")[-1].id == max(event.id for event in events) + 1
    return events


def test_a_new_workspace_and_one_with_labels_are_well(workspace: Workspace) -> None:
    assert look(workspace).well
    say(workspace, "a", "b")
    before = sorted(path.name for path in workspace.root.rglob("*"))
    health = look(workspace, repair=True)
    assert (health.findings, health.events, health.databases) == ((), 2, 2)
    assert sorted(path.name for path in workspace.root.rglob("*")) == before


def test_labels_that_are_gone_come_back_from_backup_and_log_or_either_alone_when_asked(workspace: Workspace) -> None:
    before = say(workspace, "a", "b", "c")  # the backup has the first only
    workspace.labels.unlink()
    files = {path: path.read_bytes() for path in workspace.root.rglob("*") if path.is_file()}
    finding = only(look(workspace))
    assert finding.place == "labels.db" and not finding.mended and "imclust doctor --repair" in finding.remedy
    assert files == {path: path.read_bytes() for path in workspace.root.rglob("*") if path.is_file()}
    assert mended(workspace, "abc") == before
    workspace.labels.unlink()
    shutil.rmtree(workspace.backups)
    assert mended(workspace, [*"abc", "after 3"])[:3] == before
    back_up_if_due(workspace, every=0)
    workspace.labels.unlink()
    workspace.label_log.unlink()
    health = look(workspace, repair=True)
    assert health.well and health.events == 5


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "page": lambda raw: raw[:4096] + b"\xa5" * (len(raw) - 4096),
    "header": lambda raw: flipped(raw, 0),
    "cut": lambda raw: raw[:-5000],
    "empty": lambda _: b"",
    "text": lambda _: b"this was a thesis\n" * 500,
    "what SQLite says of it is no text": lambda raw: raw.replace(b"CREATE TABLE label", b"CREAT\xe8 TABLE label"),
    "another column": lambda raw: raw.replace(b"uuid TEXT NOT NULL UNIQUE", b"vuid TEXT NOT NULL UNIQUE"),
}


def test_a_damaged_database_is_set_aside_and_made_anew(tmp_path: Path) -> None:
    for damage, change in DAMAGES.items():
        workspace = Workspace.open(tmp_path / damage)
        before = say(workspace, *"abcdef")
        bad = rewrite(workspace.labels, change)
        with case(damage):
            assert only(look(workspace)).place == "labels.db"
            assert mended(workspace, "abcdef") == before
            (aside,) = workspace.root.glob("labels.db.aside-*")
            assert aside.read_bytes() == bad


def test_what_a_damaged_database_alone_knows_is_saved_from_it(workspace: Workspace) -> None:
    uuids = [f"{number:04}" for number in range(150)]
    say(workspace, *uuids)
    workspace.label_log.write_bytes(b"".join(lines_of(workspace)[:-2]))  # as when its disk was full
    raw = workspace.labels.read_bytes()
    at = raw.index(b'{"name":"0075 ') // 4096 * 4096
    workspace.labels.write_bytes(raw[:at] + b"\xa5" * 4096 + raw[at + 4096 :])
    assert look(workspace, repair=True).well
    assert [event.uuid for event in events_of(workspace, CLUSTERING)] == uuids


def test_leftovers_of_the_old_database_are_not_applied_to_the_new_one(tmp_path: Path) -> None:
    for suffix in ("-wal", "-shm", "-journal"):
        workspace = Workspace.open(tmp_path / suffix)
        say(workspace, "a", "b")
        workspace.labels.unlink()
        (workspace.root / f"labels.db{suffix}").write_bytes(b"old pages" * 1000)
        with case(suffix):
            mended(workspace, "ab")
            (aside,) = workspace.root.glob(f"labels.db.aside-*{suffix}")
            assert aside.read_bytes() == b"old pages" * 1000


def test_an_older_database_that_was_put_back_gets_its_later_events(workspace: Workspace) -> None:
    say(workspace, "a")
    older = workspace.labels.read_bytes()
    before = say(workspace, "b", "c")
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


def test_a_row_that_was_changed_is_what_the_log_says_again(tmp_path: Path) -> None:
    for number, change in enumerate(("value = '{'", 'value = \'{"name":"cat"}\'', "author = 'Eve'", "at = 'never'")):
        workspace = Workspace.open(tmp_path / str(number))
        before = say(workspace, *"abc")
        with closing(connect(workspace.labels)) as db:
            db.execute(f"UPDATE label_events SET {change} WHERE uuid = 'b'")  # noqa: S608  ours
        with case(change):
            assert "labels.db" in {finding.place for finding in look(workspace).findings}
            assert mended(workspace, "abc") == before


LOGS: dict[str, Callable[[bytes, bytes, bytes], list[bytes]]] = {
    "lacks 1 event of": lambda a, _, c: [a, c],
    "number 2, 3 is damaged": lambda a, b, c: [a, b.replace(b"Ada", b"Eve"), c[:-9]],
    "not in order": lambda a, b, c: [b, a, c, c],
}


def test_a_log_that_is_gone_or_lacks_events_or_is_damaged_or_out_of_order_is_written_anew(tmp_path: Path) -> None:
    for problem, change in LOGS.items():
        workspace = Workspace.open(tmp_path / problem)
        before = say(workspace, *"abc")
        bad = rewrite(workspace.label_log, lambda raw, change=change: b"".join(change(*raw.splitlines(keepends=True))))
        with case(problem):
            assert problem in only(look(workspace)).problem
            assert mended(workspace, "abc") == before
            (aside,) = workspace.root.glob("labels.jsonl.aside-*")
            assert aside.read_bytes() == bad
    workspace.label_log.unlink()
    assert "gone" in only(look(workspace, repair=True)).problem and look(workspace).well


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
    lines = lines_of(workspace)
    lines[1] = lines[3] = b"lost\n"
    workspace.label_log.write_bytes(b"".join(lines))
    workspace.labels.write_bytes(b"")
    mended(workspace, "abcdef")


def test_an_event_that_no_copy_has_is_said_to_be_lost_once(workspace: Workspace) -> None:
    say(workspace, *"abc")
    shutil.rmtree(workspace.backups)
    workspace.labels.unlink()
    first, _, last = lines_of(workspace)
    workspace.label_log.write_bytes(first + b"lost\n" + last)
    health = look(workspace, repair=True)
    assert not health.well and "1 event can be read in no copy, number 2" in health.findings[-1].problem
    assert look(workspace).well and [event.uuid for event in events_of(workspace, CLUSTERING)] == ["a", "c"]


def test_a_wild_number_neither_hangs_nor_ends_the_doctor(tmp_path: Path) -> None:
    for number, where in product((2**25, 2**63 - 1), ("database", "everywhere")):
        workspace = Workspace.open(tmp_path / f"{number} {where}")
        say(workspace, *"abc")
        shutil.rmtree(workspace.backups)
        with closing(connect(workspace.labels)) as db:
            db.execute("UPDATE label_events SET id = ? WHERE uuid = 'c'", (number,))
            if where == "everywhere":
                a, b, c = (json.loads(line)["event"] for line in lines_of(workspace))
                replace_log(workspace.label_log, [a, b, c | {"id": number}])
                db.execute("DELETE FROM label_events WHERE uuid = 'b'")  # so that there is something to mend
        with case(number, where):
            assert not look(workspace).well
            lost = [one.problem for one in look(workspace, repair=True).findings if not one.mended]
            gap = "33,554,429 events can be read in no copy, number 3 to 33554431."
            assert lost == ([gap] if number == 2**25 else [])
            events = say(workspace, "d")
            assert [event.uuid for event in events] == list("abcd") and events[3].id == events[2].id + 1
            assert look(workspace).well and events[2].id == (3 if number > 2**25 else number)


def test_an_event_without_what_its_kind_needs_is_damaged(tmp_path: Path) -> None:
    wrongs: tuple[dict[str, Any], ...] = (
        *({"value": {}}, {"at": 2**80}, {"id": 2**70}, {"author": "\ud83e"}),
        {"kind": "move", "value": {"images": "abc", "into": 1}},
        {"kind": "undo", "value": {"event": {"a": 1}}},
    )
    for number, wrong in enumerate(wrongs):
        workspace = Workspace.open(tmp_path / str(number))
        before = say(workspace, *"abc")
        shutil.rmtree(workspace.backups)
        a, b, c = (json.loads(line)["event"] for line in lines_of(workspace))
        replace_log(workspace.label_log, [a, b, c | wrong])
        with case(wrong):
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
    finding = look(workspace, repair=True).findings[0]
    assert said in finding.remedy and finding.mended
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
    rewrite(backup, DAMAGES["header"])
    finding = only(look(workspace))
    assert finding.place == f"backups/{backup.name}" and "damaged" in finding.problem
    mended(workspace, "a")
    assert list(workspace.backups.glob(f"{backup.name}.aside-*"))


def test_a_repair_that_is_interrupted_loses_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    say(workspace, *"abc")
    workspace.label_log.write_bytes(lines_of(workspace)[0] + b"lost\n")
    with closing(connect(workspace.labels)) as db:
        page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events_by_target'").fetchone()[0]
    raw = bytearray(workspace.labels.read_bytes())
    raw[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096  # the events themselves can be read
    workspace.labels.write_bytes(raw)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(f"{REPAIR}_make_anew", Mock(side_effect=KeyboardInterrupt))
        look(workspace, repair=True)
    workspace.labels.unlink()
    mended(workspace, "abc")


def test_a_full_disk_in_the_midst_of_a_repair_changes_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(workspace, *"ab")
    bad = rewrite(workspace.labels, DAMAGES["header"])
    with monkeypatch.context() as patch:
        patch.setattr(f"{REPAIR}migrate", Mock(side_effect=OSError(28, "full")))
        assert "full" in only(look(workspace, repair=True)).problem
    assert workspace.labels.read_bytes() == bad and not list(workspace.root.glob("*.tmp-*"))
    mended(workspace, "ab")


def test_labels_that_are_locked_are_not_taken_for_damaged_and_those_of_a_newer_imclust_are_left_alone(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(workspace, "a")
    monkeypatch.setattr("imclust_core.store.database.BUSY_SECONDS", 0.1)
    with closing(connect(workspace.labels)) as db:
        db.execute("BEGIN EXCLUSIVE")
        finding = only(look(workspace, repair=True))
    assert "locked" in finding.problem and not finding.mended and look(workspace).well
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


def test_damaged_databases_are_named_with_what_to_do(tmp_path: Path) -> None:
    for name, damage in product(("catalog.db", "jobs.db"), ("empty", "text")):
        workspace = Workspace.open(tmp_path / f"{name} {damage}")
        Queue(workspace)
        rewrite(workspace.root / name, DAMAGES[damage])
        finding = only(look(workspace, repair=True))
        with case(name, damage):
            assert finding.place == name and "damaged" in finding.problem and "Stop imclust" in finding.remedy


def test_a_catalogue_that_is_gone_or_speaks_of_what_is_gone_is_named(workspace: Workspace, photos: Path) -> None:
    made = add_collection(workspace, photos)
    with closing(connect(workspace.catalogue)) as db:
        db.execute("PRAGMA foreign_keys=OFF")
        db.execute("INSERT INTO images (collection_id, path, state, size, mtime_ns) VALUES ('none', 'a', 'ok', 1, 1)")
    assert made.id and "1 of its rows" in only(look(workspace)).problem
    workspace.catalogue.unlink()
    assert only(look(workspace)).problem == "It is gone."


def test_vectors_clusterings_segments_and_embeddings_that_changed_or_are_gone_are_named(
    workspace: Workspace, source: Collection, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[int, int | None, str]] = []
    health = examine(workspace, lambda *facts: told.append(facts))
    assert health.well and health.shards > 1 and "comparing the labels with their copies" in told[0][2]
    assert len({total for _, total, message in told if "vectors" in message}) == 1
    (one,) = embeddings_of(workspace, source.id)
    first, second = sorted((one.folder / "shards").iterdir())[:2]
    rewrite(first / "features.npy", lambda raw: flipped(raw, len(raw) // 2))
    (second / "seal.json").write_text("[]")
    problems = {finding.place.rpartition("/")[2]: finding.problem for finding in look(workspace).findings}
    assert set(problems) == {first.name, second.name} and "its seal" in problems[second.name]
    assert "features.npy has changed" in problems[first.name]
    shutil.rmtree(second)
    assert [one.problem for one in look(workspace).findings if "is gone" in one.problem]
    embedded_photographs(workspace, Path(source.folder))
    assert [one.problem for one in look(workspace).findings] == [problems[first.name]]
    shutil.rmtree(first)
    embedded_photographs(workspace, Path(source.folder))
    assert main(["cluster", source.id, "--k", "3", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["clustering"]
    assert look(workspace).well and look(workspace).clusterings == 1
    path = workspace.clusterings / f"{made}.npz"
    whole = path.read_bytes()
    path.write_bytes(flipped(whole, 200))
    finding = only(look(workspace))
    assert (finding.place, finding.problem) == (f"clusterings/{made}.npz", "It is damaged.")
    path.unlink()
    assert only(look(workspace)).problem == "It is gone."
    path.write_bytes(whole)
    (one.folder / "segments" / "0000" / "plan.json").write_text("{")
    assert "cannot be read" in only(look(workspace)).problem
    shutil.rmtree(one.folder)
    finding = only(look(workspace))
    assert "are gone" in finding.problem and "embed again" in finding.remedy


def test_the_command_says_what_it_did_and_in_its_code(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
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


def test_a_folder_that_is_no_workspace_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.doc").write_text("precious")
    assert main(["doctor", "--repair", "--workspace", str(tmp_path)]) == 1
    assert "is not an imclust workspace" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]
