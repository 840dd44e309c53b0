"""The worker as a real process: started on demand, really killed and frozen, cancelled, and gone when idle."""

import contextlib
import functools
import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from imclust_core.errors import JobError
from imclust_core.jobs.queue import Queue
from imclust_core.jobs.starting import ensure_worker
from imclust_core.jobs.submitting import submit_explain, submit_sample, submit_scan
from imclust_core.names import path_of
from imclust_core.store.catalogue import count_images, page_of_images
from imclust_core.store.collections import Collection, add_collection
from imclust_core.store.counts import summary_of
from imclust_core.store.database import reading
from imclust_core.store.embeddings import embeddings_of
from imclust_core.store.workspace import Workspace
from tests.conftest import MANY, finish, wait_for, worker_pids


def test_a_worker_starts_on_demand_and_stays_for_more(workspace: Workspace, photos: Path, tmp_path: Path) -> None:
    source = add_collection(workspace, photos)
    first = finish(workspace, submit_scan(workspace, source))
    log = (workspace.logs / f"{first.id}.log").read_text()
    assert first.state == "done" and "scan" in log and "done" in log
    (worker,) = worker_pids(workspace)
    unnamed = Path(path_of(tmp_path, b"\xff"))
    unnamed.mkdir()
    other = add_collection(workspace, unnamed)
    unnamed.rmdir()
    photos.rename(photos.parent / "unplugged")
    for lost in (source, other):
        paused = finish(workspace, submit_scan(workspace, lost))
        assert (paused.state, paused.reason) == ("paused", "source_unavailable")
        assert paused.error is not None and "reconnect" in paused.error
    (photos.parent / "unplugged").rename(photos)
    assert finish(workspace, submit_scan(workspace, source)).state == "done"
    assert count_images(workspace, source.id) == 12
    assert worker_pids(workspace) == [worker]


def test_an_idle_worker_ends_by_itself(workspace: Workspace, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMCLUST_WORKER_IDLE", "0.5")
    finish(workspace, submit_scan(workspace, add_collection(workspace, photos)))
    wait_for(lambda: not worker_pids(workspace), seconds=15, what="the idle worker to end")


@pytest.mark.parametrize("shares", [(0.3,), pytest.param((0.1, 0.35, 0.7), marks=pytest.mark.long)])
def test_a_scan_whose_worker_is_killed_is_whole_reads_nothing_twice_and_leaves_no_decoding_child(
    workspace: Workspace, many_photos: Path, shares: tuple[float, ...]
) -> None:
    source = add_collection(workspace, many_photos)
    job, queue = submit_scan(workspace, source), Queue(workspace)
    rows_at_kill = []
    for share in shares:

        def far_enough(goal: float = share * MANY) -> bool:
            ensure_worker(workspace)
            return count_images(workspace, source.id) >= goal or not queue.job(job.id).active

        wait_for(far_enough, what=f"{share:.0%} of the scan")
        if queue.job(job.id).active:
            (worker,) = worker_pids(workspace)  # however often one is asked for
            children = children_of(worker)
            os.kill(worker, signal.SIGKILL)
            wait_for(lambda: not worker_pids(workspace), what="the worker to die")
            rows_at_kill.append(snapshot(workspace))
            assert children
            gone = functools.partial(lambda pids: not any(map(alive, pids)), children)
            wait_for(gone, seconds=30, what="the children to end")
    assert len(rows_at_kill) >= (len(shares) + 1) // 2
    ended = finish(workspace, job)
    assert ended.state == "done" and ended.result is not None
    assert ended.result["files"] == ended.result["images"] == MANY
    # Rows that were there when the worker died were not written again: their row ids and contents stand.
    whole = snapshot(workspace)
    assert all(rows.items() <= whole.items() for rows in rows_at_kill)
    assert ended.result["new"] == MANY - len(rows_at_kill[-1])


def snapshot(workspace: Workspace) -> dict[bytes, tuple[object, ...]]:
    with reading(workspace.catalogue) as db:
        return {row["path"]: tuple(row) for row in db.execute("SELECT * FROM images")}


def children_of(pid: int) -> list[int]:
    children = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # threads come and go
            children += [int(child) for child in (task / "children").read_text().split()]
    return children


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_frozen_worker_is_ended_and_replaced_when_its_lease_is_over(workspace: Workspace, many_photos: Path) -> None:
    source = add_collection(workspace, many_photos)
    job = submit_scan(workspace, source)
    ensure_worker(workspace)
    wait_for(lambda: count_images(workspace, source.id) > 0, what="the scan to get going")
    (frozen,) = worker_pids(workspace)
    while True:
        os.kill(frozen, signal.SIGSTOP)
        try:
            age_heartbeat(workspace, job.id)
            break
        except sqlite3.OperationalError:  # frozen while it was writing: nobody could write beside it
            os.kill(frozen, signal.SIGCONT)
            time.sleep(0.01)
    ended = finish(workspace, job)
    assert ended.state == "done" and ended.result is not None and ended.result["images"] == MANY
    assert frozen not in worker_pids(workspace)


def age_heartbeat(workspace: Workspace, job_id: str) -> None:
    """Make a job look as if its worker had been silent for longer than the lease, to save the wait."""
    with closing(sqlite3.connect(workspace.jobs, timeout=0.2)) as db, db:
        db.execute("UPDATE jobs SET heartbeat_at = heartbeat_at - 120 WHERE id = ?", (job_id,))


def test_cancelling_a_running_scan_keeps_what_it_read(workspace: Workspace, many_photos: Path) -> None:
    source = add_collection(workspace, many_photos)
    job, queue = submit_scan(workspace, source), Queue(workspace)
    ensure_worker(workspace)
    wait_for(lambda: count_images(workspace, source.id) > 0, what="the scan to get going")
    queue.cancel(job.id)
    assert finish(workspace, job, seconds=20).state == "cancelled"
    kept = count_images(workspace, source.id)
    assert 0 < kept < MANY
    assert summary_of(workspace, source.id) is None
    ended = finish(workspace, queue.resume(job.id))
    assert ended.result is not None and ended.result["new"] == MANY - kept


def test_the_sample_job_makes_and_scans_the_sample_collection(workspace: Workspace) -> None:
    source, job = submit_sample(workspace)
    ended = finish(workspace, job)
    assert ended.result is not None and ended.result["skipped"] == {"not_an_image": 1}  # truth.csv
    again, _ = submit_sample(workspace)
    assert again.id == source.id


def test_a_worker_that_cannot_start_says_so(
    workspace: Workspace, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMCLUST_WORKER_IDLE", "ten minutes")
    submit_scan(workspace, add_collection(workspace, photos))
    with pytest.raises(JobError, match=r"could not start.*IMCLUST_WORKER_IDLE is 'ten minutes'"):
        wait_for(lambda: ensure_worker(workspace), what="the failure to be told")
    assert (workspace.logs / "worker.log").read_text().count("ten minutes") <= 4


def test_a_quick_job_longer_than_the_idle_time_is_ended_by_the_worker_that_began_it(
    workspace: Workspace, source: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken for idle, the worker would let go of its lock, and the next one take over what it still does."""
    monkeypatch.setenv("IMCLUST_WORKER_IDLE", "0.3")
    image = page_of_images(workspace, source.id, offset=0, limit=1)[0]
    one = embeddings_of(workspace, source.id)[0]
    # A network takes longer than that to be imported and loaded.
    job = finish(workspace, submit_explain(workspace, one, [("top1", [image.id])], ["cam"]))
    assert (job.state, job.error) == ("done", None)
    assert (workspace.logs / "quick.log").read_text().count(f"explain {job.id} started") == 1
