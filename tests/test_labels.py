"""What people said is kept: twice, in order, whoever else writes, and whatever is killed or full meanwhile."""

import errno
import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bench.labels_torture import torture
from imclust_core.errors import LabelConflict, LabelsError, WorkspaceError
from imclust_core.store import lock
from imclust_core.store.annotations import events as labels
from imclust_core.store.annotations import log as label_log
from imclust_core.store.annotations.backups import KEPT, back_up_if_due, backups_of, damage_of_labels
from imclust_core.store.annotations.events import Draft, Event, append, events_of, labelled_clusterings, newest_event
from imclust_core.store.annotations.log import end_of_log, read_log
from imclust_core.store.database import connect
from imclust_core.store.lock import FileLock, one_at_a_time
from imclust_core.store.workspace import Workspace
from tests.helpers.cases import case

CLUSTERING = "0123456789ab"


def draft(uuid: str, *, target: str = "cluster 1", base: int = 0, name: str = "lion", author: str = "Ada") -> Draft:
    return Draft(uuid, CLUSTERING, target, "name", called(name), author, base)


def called(name: str) -> dict[str, Any]:
    """The value of an event that names a cluster."""
    return {"name": name, "number": 1, "state": "", "note": ""}


def say(workspace: Workspace, *uuids: str) -> list[Event]:
    """Append events in whose way nothing stands."""
    return [append(workspace, draft(uuid, target="", name=uuid)) for uuid in uuids]


def logged(workspace: Workspace) -> list[dict[str, Any] | None]:
    return [event for _, event in read_log(workspace.label_log)]


def both_agree(workspace: Workspace) -> bool:
    """Whether the second copy is the first, event by event."""
    return logged(workspace) == [event.__dict__ for event in events_of(workspace, CLUSTERING)]


def test_an_event_is_kept_twice_and_asking_again_with_its_uuid_changes_nothing(workspace: Workspace) -> None:
    event = append(workspace, draft("a"))
    assert (event.id, event.uuid, event.value, event.author, event.base) == (1, "a", called("lion"), "Ada", 0)
    assert events_of(workspace, CLUSTERING) == [event] and both_agree(workspace)
    assert newest_event(workspace, CLUSTERING) == 1 and newest_event(workspace, "other") == 0
    assert labelled_clusterings(workspace) == {CLUSTERING: 1}
    assert events_of(workspace, CLUSTERING, after=1) == []
    (line,) = workspace.label_log.read_text(encoding="ascii").splitlines()
    assert json.loads(line)["event"]["value"] == called("lion"), "others can read it"
    append(workspace, draft("b", base=1, name="lynx"))
    before = workspace.label_log.read_bytes()
    assert append(workspace, draft("a")) == event, "although something newer is there"
    assert len(events_of(workspace, CLUSTERING)) == 2 and workspace.label_log.read_bytes() == before
    workspace.label_log.unlink()
    append(workspace, draft("a"))
    assert len(logged(workspace)) == 2 and both_agree(workspace), "asking again heals the log"


def test_a_wrong_base_writes_nothing_and_says_who_was_faster(workspace: Workspace) -> None:
    append(workspace, draft("a", author="Grace"))
    with pytest.raises(LabelConflict, match=r"Grace has changed the cluster 1.*Nothing was saved") as refused:
        append(workspace, draft("b"))
    assert refused.value.theirs == 1 and refused.value.code == "conflict"
    assert len(events_of(workspace, CLUSTERING)) == 1 and both_agree(workspace)
    with pytest.raises(LabelConflict, match="Somebody"):
        append(workspace, draft("c", target="cluster 2", base=7))


def test_who_decides_sees_what_came_later_and_may_refuse(workspace: Workspace) -> None:
    assert [event.id for event in say(workspace, "a", "b")] == [1, 2], "what has no target is in nobody's way"
    seen: list[str] = []

    def refuse(later: Any) -> Draft:
        seen.extend(event.uuid for event in later)
        raise LabelConflict("too late")

    with pytest.raises(LabelConflict):
        append(workspace, draft("c", target=""), refuse, after=1)
    assert seen == ["b"] and newest_event(workspace, CLUSTERING) == 2
    made = append(workspace, draft("c", target=""), lambda later: draft("ignored", target="", name="decided"), after=2)
    assert (made.uuid, made.value) == ("c", called("decided"))


def test_any_value_survives_in_both_copies_and_what_is_no_text_or_too_large_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("🦁 löwe", "half \ud83e a pair", "x" * 10_000, "a\nb\r\u2028c\0d", '"}', "\\ud83e")
    for number, name in enumerate(names):
        with case(name[:20]):
            append(workspace, draft(str(number), target="", name=name))
            assert events_of(workspace, CLUSTERING)[-1].value == called(name) and both_agree(workspace)
    many = {"images": list(range(1_000_000, 1_200_000)), "into": 2}
    append(workspace, Draft("megabytes", CLUSTERING, "", "move", many, "Ada"))
    say(workspace, "b")
    assert both_agree(workspace) and len(workspace.label_log.read_bytes().splitlines()) == 8
    monkeypatch.setattr(labels, "MOST_BYTES", 1000)
    for refused, why in (
        (draft("c", author="half \ud83e"), r"Nothing was saved.*no text"),
        (draft("c", name="x" * 1000), "in parts"),
    ):
        with pytest.raises(LabelsError, match=why):
            append(workspace, refused)
    assert newest_event(workspace, CLUSTERING) == 8


def test_threads_never_interleave_a_line_or_lose_an_event(workspace: Workspace) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: say(workspace, *[f"{name}{number}" for number in range(8)]), "abcd"))
    assert len(events_of(workspace, CLUSTERING)) == 32 and both_agree(workspace)


def test_a_log_that_is_torn_damaged_or_lags_behind_is_healed_by_the_next(workspace: Workspace) -> None:
    say(workspace, "a")
    for tail in (b'{"sum":"12', b"\0" * 5000, b'{"sum":"0","event":{"id":9,"uuid":"x"}}', b"[" * 70_000):
        with case(tail[:12]):
            with workspace.label_log.open("ab") as file:
                file.write(tail)
            say(workspace, f"after {len(tail)} bytes")
            assert both_agree(workspace)
    for left in range(3):
        with case("lines left", left):
            lines = workspace.label_log.read_bytes().splitlines(keepends=True)
            workspace.label_log.write_bytes(b"".join(lines[:left]))
            say(workspace, f"after {left} lines")
            assert both_agree(workspace)
    say(workspace, "b")
    workspace.label_log.write_bytes(workspace.label_log.read_bytes().replace(b'"name":"b"', b'"name":"c"'))
    assert end_of_log(workspace.label_log) == (8, "after 2 lines")
    say(workspace, "c")
    assert [event and event["uuid"] for event in logged(workspace)[7:]] == ["after 2 lines", None, "b", "c"]


def test_a_full_disk_of_the_log_is_told_and_healed(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    say(workspace, "a")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(label_log.os, "fsync", full)
        with pytest.raises(LabelsError, match=r"is saved, but not its second copy.*No space left"):
            say(workspace, "b")
    assert len(say(workspace, "b")) == 1 and len(events_of(workspace, CLUSTERING)) == 2 and both_agree(workspace)


def test_where_the_copies_do_not_belong_together_nothing_is_written(tmp_path: Path) -> None:
    first, parted, gone = (Workspace.open(tmp_path / name) for name in ("first", "parted", "gone"))
    first.label_log.mkdir()
    with pytest.raises(LabelsError, match=r"Nothing was saved.*cannot be read"):
        say(first, "a")
    assert events_of(first, CLUSTERING) == []
    say(parted, "a")
    older = parted.labels.read_bytes()
    say(parted, "b")
    parted.labels.write_bytes(older)
    with pytest.raises(LabelsError, match=r"different events.*imclust doctor --repair"):
        say(parted, "c")
    assert newest_event(parted, CLUSTERING) == 1 and len(logged(parted)) == 2
    say(gone, "a")
    gone.labels.unlink()
    with pytest.raises(LabelsError, match=r"is gone.*imclust doctor --repair"):
        say(gone, "b")
    with pytest.raises(WorkspaceError, match="imclust doctor"):
        Workspace.open(gone.root)
    assert not gone.labels.exists() and len(logged(gone)) == 1


UNSHAPED: list[tuple[str, dict[str, Any]]] = [
    ("name", {}),
    ("name", called("x") | {"number": "1"}),
    ("name", called("x") | {"number": 2**40}),
    ("name", called("x") | {"via": 7}),
    ("move", {"images": "abc", "into": 1}),
    ("move", {"images": [1, True], "into": 1}),
    ("move", {"images": [1, 2**63], "into": 1}),
    ("merge", {"from": 1}),
    ("split", {"from": 1, "how": "by hand", "parts": [[]]}),
    ("split", {"from": 1, "how": "by hand", "parts": [{"into": 9, "images": [1.5]}]}),
    ("undo", {"event": {"a": 1}}),
    ("redo", {"event": 2**70}),
]


def test_a_change_without_what_its_kind_needs_is_neither_saved_nor_read(workspace: Workspace) -> None:
    say(workspace, "a")
    for kind, value in UNSHAPED:
        with case(kind, value), pytest.raises(LabelsError, match=f"Nothing was saved: this is no change of.*'{kind}'"):
            append(workspace, Draft("b", CLUSTERING, "", kind, value, "Ada"))
    rows: list[tuple[str, str, float]] = [(kind, json.dumps(value), 0) for kind, value in UNSHAPED]
    # and what is no JSON, or a time that no calendar has
    rows += [("name", "{", 0), *(("name", json.dumps(called("x")), at) for at in (-1, 2**62, float(2**80)))]
    for row in rows:
        with closing(connect(workspace.labels)) as db:
            db.execute("UPDATE label_events SET kind = ?, value = ?, at = ?", row)
        with case(row), pytest.raises(LabelsError, match=r"number 1 .* damaged.*imclust doctor"):
            events_of(workspace, CLUSTERING)


def test_labels_that_cannot_be_used_send_to_the_doctor(tmp_path: Path) -> None:
    def dropped(path: Path) -> None:
        with closing(connect(path)) as db:
            db.execute("DROP TABLE label_events")

    for number, damage in enumerate(
        (lambda path: os.truncate(path, 5000), lambda path: path.write_text("no database " * 1000), dropped)
    ):
        workspace = Workspace.open(tmp_path / str(number))
        say(workspace, *"abc")
        damage(workspace.labels)
        with case(number), pytest.raises(WorkspaceError, match="run imclust doctor --repair"):
            events_of(Workspace.open(workspace.root), CLUSTERING)


@pytest.mark.parametrize("kills", [3, pytest.param(8, marks=pytest.mark.long)])
def test_killed_writers_lose_nothing_that_was_acknowledged(tmp_path: Path, kills: int) -> None:
    figures = torture(tmp_path, writers=3, kills=kills, seconds=60, seed=7)
    assert figures.wrong == [] and figures.kills == kills and figures.acknowledged > 0


def test_a_lock_is_dropped_when_its_holder_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from imclust_core.store.lock import one_at_a_time\n"
        "with one_at_a_time(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent) as holder:
        assert holder.stdout is not None and holder.stdout.readline()
        with pytest.raises(TimeoutError, match="another process"), one_at_a_time(tmp_path / "lock", 0.1):
            pass
        holder.send_signal(signal.SIGKILL)
        with one_at_a_time(tmp_path / "lock", 10):
            pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked on POSIX")
def test_a_process_forked_meanwhile_does_not_go_on_holding_a_lock(tmp_path: Path) -> None:
    with one_at_a_time(tmp_path / "lock"):
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
    again = FileLock(tmp_path / "lock")
    try:
        assert again.acquire()
    finally:
        again.release()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_frozen_writer_does_not_freeze_the_others(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "one_at_a_time", lambda path: lock.one_at_a_time(path, 0.1))
    with one_at_a_time(workspace.root / "labels.lock"), pytest.raises(LabelsError, match="Nothing was saved: another"):
        say(workspace, "a")
    assert len(say(workspace, "a")) == 1


def test_a_copy_is_made_when_due_and_only_when_something_changed(workspace: Workspace) -> None:
    assert back_up_if_due(workspace) is None  # nothing is there yet
    say(workspace, "a")
    (first,) = backups_of(workspace)
    assert damage_of_labels(first) == ""
    say(workspace, "b")
    assert backups_of(workspace) == [first]  # within the hour
    os.utime(first, (time.time() - 4000,) * 2)
    made = back_up_if_due(workspace)
    assert made is not None
    os.utime(made, (time.time() - 3700,) * 2)
    os.utime(workspace.labels, (time.time() - 3800,) * 2)
    assert back_up_if_due(workspace) is None  # nothing has changed since
    with closing(connect(workspace.labels)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("SELECT count(*) FROM label_events").fetchone()  # who reads keeps the log from being merged
        say(workspace, "c")
        for path in backups_of(workspace):
            os.utime(path, (time.time() - 4000,) * 2)
        os.utime(workspace.labels, (time.time() - 5000,) * 2)
        assert back_up_if_due(workspace) is not None, "a change that is still in the write-ahead log is one"


def old_copy(workspace: Workspace, name: str, at: int) -> Path:
    """A file among the copies, of that time."""
    path = workspace.backups / name
    path.touch()
    os.utime(path, (at, at))
    return path


def test_ten_copies_are_kept_whatever_clocks_say_and_what_a_killed_one_left_is_cleared_away(tmp_path: Path) -> None:
    workspace, ahead = Workspace.open(tmp_path / "one"), Workspace.open(tmp_path / "ahead")
    for day in range(1, 15):
        old_copy(workspace, f"labels-202001{day:02}T000000Z.db", day)
    left = old_copy(workspace, "labels-20200101T000000Z.db.tmp-1-1", 1)
    say(workspace, "a")
    kept = [path.name[7:15] for path in backups_of(workspace)]
    assert len(kept) == KEPT and kept[1:] == [f"202001{day:02}" for day in range(14, 5, -1)]
    assert not left.exists()
    for number in range(KEPT):
        old_copy(ahead, f"labels-2099010{number}T000000Z.db", 4_000_000_000)
    say(ahead, "a")
    names = [path.name for path in backups_of(ahead)]
    assert len(names) == KEPT and not names[-1].startswith("labels-2099"), "copying does not end for that"


def test_a_copy_that_fails_the_check_or_cannot_be_made_costs_nobody_their_work(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imclust_core.store.annotations.backups.damage_of_labels", lambda _: "rotten")
    say(workspace, "a")
    assert list(workspace.backups.iterdir()) == [], "it is not kept"
    workspace.backups.rmdir()
    workspace.backups.write_text("in the way")
    assert say(workspace, "b")[0].id == 2


def test_copies_made_while_others_write_are_whole(workspace: Workspace) -> None:
    stop = threading.Event()

    def write() -> None:
        for number in itertools.takewhile(lambda _: not stop.is_set(), range(1_000)):
            say(workspace, str(number))

    with ThreadPoolExecutor(1) as pool:
        pool.submit(write)
        time.sleep(0.2)
        made = [back_up_if_due(workspace, every=0) for _ in range(5) if time.sleep(0.05) is None]
        stop.set()
    assert any(made)
    everything = [event.uuid for event in events_of(workspace, CLUSTERING)]
    for path in backups_of(workspace):
        with closing(sqlite3.connect(path)) as db:
            held = [row[0] for row in db.execute("SELECT uuid FROM label_events ORDER BY id")]
        assert damage_of_labels(path) == "" and held and held == everything[: len(held)]
