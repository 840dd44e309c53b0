"""What people said is kept: twice, in order, whoever else writes, and whatever is killed or full meanwhile."""

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
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


def test_an_event_is_kept_twice_and_read_back(workspace: Workspace) -> None:
    event = append(workspace, draft("a"))
    assert (event.id, event.uuid, event.value, event.author, event.base) == (1, "a", called("lion"), "Ada", 0)
    assert events_of(workspace, CLUSTERING) == [event] and both_agree(workspace)
    assert newest_event(workspace, CLUSTERING) == 1 and newest_event(workspace, "other") == 0
    assert labelled_clusterings(workspace) == {CLUSTERING: 1}
    assert events_of(workspace, CLUSTERING, after=1) == []


def test_asking_again_with_the_same_uuid_changes_nothing(workspace: Workspace) -> None:
    first = append(workspace, draft("a"))
    append(workspace, draft("b", base=1, name="lynx"))
    before = workspace.label_log.read_bytes()
    assert append(workspace, draft("a")) == first  # although something newer is there
    assert len(events_of(workspace, CLUSTERING)) == 2 and workspace.label_log.read_bytes() == before


def test_a_wrong_base_writes_nothing_and_says_who_was_faster(workspace: Workspace) -> None:
    append(workspace, draft("a", author="Grace"))
    with pytest.raises(LabelConflict, match=r"Grace has changed the cluster 1.*Nothing was saved") as refused:
        append(workspace, draft("b"))
    assert refused.value.theirs == 1 and refused.value.code == "conflict"
    assert len(events_of(workspace, CLUSTERING)) == 1 and both_agree(workspace)
    with pytest.raises(LabelConflict, match="Somebody"):
        append(workspace, draft("c", target="cluster 2", base=7))


def test_what_has_no_target_stands_in_nobodys_way(workspace: Workspace) -> None:
    assert [event.id for event in say(workspace, "a", "b", "c")] == [1, 2, 3]


def test_who_decides_sees_what_came_later_and_may_refuse(workspace: Workspace) -> None:
    say(workspace, "a", "b")
    seen: list[str] = []

    def refuse(later: Any) -> Draft:
        seen.extend(event.uuid for event in later)
        raise LabelConflict("too late")

    with pytest.raises(LabelConflict):
        append(workspace, draft("c", target=""), refuse, after=1)
    assert seen == ["b"] and newest_event(workspace, CLUSTERING) == 2
    made = append(workspace, draft("c", target=""), lambda later: draft("ignored", target="", name="decided"), after=2)
    assert (made.uuid, made.value) == ("c", called("decided"))


@pytest.mark.parametrize("name", ["🦁 löwe", "half \ud83e a pair", "x" * 10_000, "a\nb\r\u2028c\0d", '"}', "\\ud83e"])
def test_any_value_survives_in_both_copies(workspace: Workspace, name: str) -> None:
    append(workspace, draft("a", name=name))
    append(workspace, draft("b", base=1))
    assert events_of(workspace, CLUSTERING)[0].value == called(name) and both_agree(workspace)
    assert len(workspace.label_log.read_bytes().splitlines()) == 2


def test_half_a_letter_in_an_author_is_refused_in_words(workspace: Workspace) -> None:
    with pytest.raises(LabelsError, match=r"Nothing was saved.*no text"):
        append(workspace, draft("a", author="half \ud83e"))
    assert events_of(workspace, CLUSTERING) == []


def test_a_value_of_megabytes_is_kept_and_one_of_more_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(workspace, Draft("a", CLUSTERING, "", "move", {"images": list(range(400_000)), "into": 2}, "Ada"))
    say(workspace, "b")
    assert both_agree(workspace)
    monkeypatch.setattr(labels, "MOST_BYTES", 1000)
    with pytest.raises(LabelsError, match="in parts"):
        append(workspace, draft("c", base=0, name="x" * 1000))
    assert newest_event(workspace, CLUSTERING) == 2


def test_threads_never_interleave_a_line_or_lose_an_event(workspace: Workspace) -> None:
    def write(name: str) -> None:
        say(workspace, *[f"{name}{number}" for number in range(8)])

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(events_of(workspace, CLUSTERING)) == 32 and both_agree(workspace)


@pytest.mark.parametrize(
    "tail", [b'{"sum":"12', b"\0" * 5000, b'{"sum":"0","event":{"id":9,"uuid":"x"}}', b"[" * 70_000]
)
def test_a_torn_line_is_cut_off_by_the_next(workspace: Workspace, tail: bytes) -> None:
    say(workspace, "a")
    with workspace.label_log.open("ab") as file:
        file.write(tail)
    say(workspace, "b")
    assert [event and event["uuid"] for event in logged(workspace)] == ["a", "b"] and both_agree(workspace)


def test_a_whole_last_line_that_is_damaged_is_written_again(workspace: Workspace) -> None:
    say(workspace, "a", "b")
    workspace.label_log.write_bytes(workspace.label_log.read_bytes().replace(b'"name":"b"', b'"name":"c"'))
    assert end_of_log(workspace.label_log) == (1, "a")
    say(workspace, "c")
    assert [event and event["uuid"] for event in logged(workspace)] == ["a", None, "b", "c"]


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_log_that_lags_behind_is_healed_by_the_next(workspace: Workspace, left: int) -> None:
    say(workspace, "a", "b", "c")
    lines = workspace.label_log.read_bytes().splitlines(keepends=True)
    workspace.label_log.write_bytes(b"".join(lines[:left]))
    say(workspace, "d")
    assert len(logged(workspace)) == 4 and both_agree(workspace)


def test_asking_again_also_heals_the_log(workspace: Workspace) -> None:
    say(workspace, "a")
    workspace.label_log.unlink()
    say(workspace, "a")
    assert len(logged(workspace)) == 1 and both_agree(workspace)


def test_a_full_disk_of_the_log_is_told_and_healed(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    say(workspace, "a")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(label_log.os, "fsync", full)
        with pytest.raises(LabelsError, match=r"is saved, but not its second copy.*No space left"):
            say(workspace, "b")
    assert len(say(workspace, "b")) == 1 and len(events_of(workspace, CLUSTERING)) == 2 and both_agree(workspace)


def test_a_log_in_whose_place_is_something_else_is_told_before_anything_is_saved(workspace: Workspace) -> None:
    workspace.label_log.mkdir()
    with pytest.raises(LabelsError, match=r"Nothing was saved.*cannot be read"):
        say(workspace, "a")
    assert events_of(workspace, CLUSTERING) == []


def test_copies_that_have_parted_are_not_written_to(workspace: Workspace) -> None:
    say(workspace, "a")
    older = workspace.labels.read_bytes()
    say(workspace, "b")
    workspace.labels.write_bytes(older)
    with pytest.raises(LabelsError, match=r"different events.*imclust doctor --repair"):
        say(workspace, "c")
    assert newest_event(workspace, CLUSTERING) == 1 and len(logged(workspace)) == 2


def test_labels_that_are_gone_are_never_made_anew(workspace: Workspace) -> None:
    say(workspace, "a")
    workspace.labels.unlink()
    with pytest.raises(LabelsError, match=r"is gone.*imclust doctor --repair"):
        say(workspace, "b")
    with pytest.raises(WorkspaceError, match="imclust doctor"):
        Workspace.open(workspace.root)
    assert not workspace.labels.exists() and len(logged(workspace)) == 1


def test_a_row_that_was_damaged_is_told_in_words(workspace: Workspace) -> None:
    say(workspace, "a")
    with closing(connect(workspace.labels)) as db:
        db.execute("UPDATE label_events SET value = '{'")
    with pytest.raises(LabelsError, match=r"number 1 .* damaged.*imclust doctor"):
        events_of(workspace, CLUSTERING)


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


@pytest.mark.parametrize(("kind", "value"), UNSHAPED, ids=str)
def test_a_change_without_what_its_kind_needs_is_neither_saved_nor_read(
    workspace: Workspace, kind: str, value: dict[str, Any]
) -> None:
    say(workspace, "a")
    with pytest.raises(LabelsError, match=f"Nothing was saved: this is no change of the kind '{kind}'"):
        append(workspace, Draft("b", CLUSTERING, "", kind, value, "Ada"))
    with closing(connect(workspace.labels)) as db:
        db.execute("UPDATE label_events SET kind = ?, value = ?", (kind, json.dumps(value)))
    with pytest.raises(LabelsError, match=r"number 1 .* damaged.*imclust doctor"):
        events_of(workspace, CLUSTERING)


def test_a_time_that_no_calendar_has_is_damage(workspace: Workspace) -> None:
    say(workspace, "a")
    for at in (-1, 2**62, float(2**80)):
        with closing(connect(workspace.labels)) as db:
            db.execute("UPDATE label_events SET at = ?", (at,))
        with pytest.raises(LabelsError, match=r"number 1 .* damaged"):
            events_of(workspace, CLUSTERING)


@pytest.mark.parametrize("damage", ["cut", "text", "dropped"])
def test_labels_that_cannot_be_used_send_to_the_doctor(workspace: Workspace, damage: str) -> None:
    say(workspace, *"abc")
    if damage == "cut":
        os.truncate(workspace.labels, 5000)
    elif damage == "text":
        workspace.labels.write_text("no database " * 1000)
    else:
        with closing(connect(workspace.labels)) as db:
            db.execute("DROP TABLE label_events")
    with pytest.raises(WorkspaceError, match="run imclust doctor --repair"):
        events_of(Workspace.open(workspace.root), CLUSTERING)


def test_killed_writers_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    figures = torture(tmp_path, writers=3, kills=8, seconds=60, seed=7)
    assert figures.wrong == [] and figures.kills == 8 and figures.acknowledged > 0


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


def test_ten_copies_are_kept(workspace: Workspace) -> None:
    for day in range(1, 15):
        old = workspace.backups / f"labels-202001{day:02}T000000Z.db"
        old.touch()
        os.utime(old, (day, day))
    say(workspace, "a")
    kept = [path.name[7:15] for path in backups_of(workspace)]
    assert len(kept) == KEPT and kept[1:] == [f"202001{day:02}" for day in range(14, 5, -1)]


def test_a_copy_from_a_clock_that_was_ahead_does_not_end_all_copying(workspace: Workspace) -> None:
    for number in range(KEPT):
        ahead = workspace.backups / f"labels-2099010{number}T000000Z.db"
        ahead.touch()
        os.utime(ahead, (4_000_000_000,) * 2)
    say(workspace, "a")
    names = [path.name for path in backups_of(workspace)]
    assert len(names) == KEPT and not names[-1].startswith("labels-2099")


def test_a_copy_that_fails_the_check_is_not_kept(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imclust_core.store.annotations.backups.damage_of_labels", lambda _: "rotten")
    say(workspace, "a")
    assert list(workspace.backups.iterdir()) == []


def test_a_copy_that_cannot_be_made_costs_nobody_their_work(workspace: Workspace) -> None:
    workspace.backups.rmdir()
    workspace.backups.write_text("in the way")
    assert say(workspace, "a")[0].id == 1


def test_what_a_killed_copy_left_is_cleared_away(workspace: Workspace) -> None:
    left = workspace.backups / "labels-20200101T000000Z.db.tmp-1-1"
    left.touch()
    os.utime(left, (1, 1))
    say(workspace, "a")
    assert not left.exists()


def test_copies_made_while_others_write_are_whole(workspace: Workspace) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            say(workspace, str(number := number + 1))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        time.sleep(0.2)
        made = [back_up_if_due(workspace, every=0) for _ in range(5) if time.sleep(0.05) is None]
    finally:
        stop.set()
        writer.join()
    assert any(made)
    everything = [event.uuid for event in events_of(workspace, CLUSTERING)]
    for path in backups_of(workspace):
        with closing(sqlite3.connect(path)) as db:
            held = [row[0] for row in db.execute("SELECT uuid FROM label_events ORDER BY id")]
        assert damage_of_labels(path) == "" and held and held == everything[: len(held)]


def test_a_change_still_in_the_write_ahead_log_is_a_change(workspace: Workspace) -> None:
    with closing(connect(workspace.labels)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("SELECT count(*) FROM label_events").fetchone()  # who reads keeps the log from being merged
        say(workspace, "a")
        (first,) = backups_of(workspace)
        os.utime(first, (time.time() - 4000,) * 2)
        os.utime(workspace.labels, (time.time() - 5000,) * 2)
        assert back_up_if_due(workspace) is not None


def test_each_line_of_the_log_is_json_that_others_can_read(workspace: Workspace) -> None:
    say(workspace, "a")
    (line,) = workspace.label_log.read_text(encoding="ascii").splitlines()
    assert json.loads(line)["event"]["value"] == called("a")
