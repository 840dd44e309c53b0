"""The queue: one job per piece of work, leases that end, and no job that is lost or done by two."""

import itertools
from collections.abc import Callable

import pytest

from imclust_core.errors import JobError, LeaseLost
from imclust_core.jobs import queue as queue_module
from imclust_core.jobs.progress import RateMeter, duration, seconds_left
from imclust_core.jobs.queue import LEASE_SECONDS, MAX_DEATHS, Job, Queue
from imclust_core.jobs.registry import KINDS
from imclust_core.store.workspace import Workspace


@pytest.fixture
def queue(workspace: Workspace) -> Queue:
    return Queue(workspace)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock that leases are measured by."""
    real, offsets = queue_module.time.time, [0.0]
    monkeypatch.setattr(queue_module.time, "time", lambda: real() + sum(offsets))
    return offsets.append


@pytest.fixture
def taken(queue: Queue) -> Job:
    """A job of the key k, which the worker "first" has begun."""
    job = queue.submit("scan", key="k")
    queue.claim("first", alone=True)
    return job


def test_the_same_work_submitted_twice_is_one_job_until_it_is_finished_and_jobs_are_taken_in_their_order(
    queue: Queue,
) -> None:
    ids = [queue.submit("scan", key=f"k{number}").id for number in range(3)]
    assert queue.submit("scan", key="k0").id == ids[0] and len(set(ids)) == 3
    taken = [queue.claim(worker, alone=False) for worker in ("a", "b", "c", "d")]
    assert [job and job.id for job in taken] == [*ids, None]
    assert queue.submit("scan", key="k0").id == ids[0]
    queue.finish(ids[0], "a", "done", result={"files": 1})
    assert queue.job(ids[0]).result == {"files": 1}
    assert queue.submit("scan", key="k0").id != ids[0]


def test_a_silent_worker_loses_its_job_after_the_lease_and_to_the_holder_of_the_lock_at_once(
    queue: Queue, taken: Job, later: Callable[[float], None]
) -> None:
    for _ in range(3):  # a heartbeat keeps the lease
        later(LEASE_SECONDS - 5)
        assert queue.claim("second", alone=False) is None
        queue.beat(taken.id, "first")
    later(LEASE_SECONDS + 5)
    again = queue.claim("second", alone=False)
    assert again is not None and again.id == taken.id
    for attempt in (
        lambda: queue.beat(taken.id, "first"),
        lambda: queue.progress(taken.id, "first", 1, 2, None, ""),
        lambda: queue.finish(taken.id, "first", "done"),
    ):
        with pytest.raises(LeaseLost):
            attempt()
    queue.progress(taken.id, "second", 1, 2, 1.0, "going")
    again = queue.claim("next", alone=True)
    assert again is not None and again.id == taken.id
    assert queue.claim("next", alone=True) is None  # its own running job is not an orphan


def test_work_that_kills_its_worker_again_and_again_without_progress_is_given_up(queue: Queue) -> None:
    job = queue.submit("scan", key="k")
    for number in range(4 * MAX_DEATHS):
        assert queue.claim(f"w{number}", alone=True) is not None
        queue.progress(job.id, f"w{number}", number + 1, 100, None, "")
    for number in range(MAX_DEATHS - 1):  # the last one had made progress, and died after it
        assert queue.claim(f"v{number}", alone=True) is not None
    assert queue.claim("last", alone=True) is None
    ended = queue.job(job.id)
    assert ended.state == "failed" and ended.error is not None and "died" in ended.error


def test_cancelling_what_waits_ends_it_what_runs_is_asked_and_what_is_paused_goes_on_when_submitted(
    queue: Queue,
) -> None:
    waiting, running = queue.submit("scan", key="a"), queue.submit("scan", key="b")
    queue.cancel(waiting.id)
    assert queue.job(waiting.id).state == "cancelled"
    queue.claim("w", alone=True)
    assert queue.progress(running.id, "w", 1, 2, None, "") is False
    queue.cancel(running.id)
    assert queue.progress(running.id, "w", 2, 2, None, "") is True
    queue.finish(running.id, "w", "paused", error="the drive is gone")
    assert queue.claim("w", alone=True) is None
    again = queue.submit("scan", key="b")
    assert (again.id, again.state, again.error) == (running.id, "queued", None)


def test_the_stamp_changes_when_a_job_comes_ends_or_goes_on_and_not_for_progress(queue: Queue) -> None:
    stamps = [queue.stamp()]
    job = queue.submit("scan", key="k")
    for step in (
        lambda: queue.finish(job.id, "w", "cancelled"),
        lambda: queue.resume(job.id),
        lambda: queue.finish(job.id, "w", "done"),
    ):
        stamps.append(queue.stamp())
        if queue.claim("w", alone=True):
            queue.progress(job.id, "w", 1, 2, None, "")
        assert queue.stamp() == stamps[-1]
        step()
    assert all(before != after for before, after in itertools.pairwise([*stamps, queue.stamp()]))
    paused, later = queue.submit("scan", key="a"), queue.submit("scan", key="b")
    for one, state in ((paused, "paused"), (later, "done")):
        queue.claim("w", alone=True)
        queue.finish(one.id, "w", state)
    before = queue.stamp()
    queue.resume(paused.id)
    assert queue.stamp() != before, "although another ended later"
    with pytest.raises(JobError, match="job is done"):
        queue.resume(later.id)


def test_what_cannot_go_on_or_is_unknown_is_said_plainly(queue: Queue) -> None:
    first = queue.submit("scan", key="k")
    queue.cancel(first.id)
    queue.submit("scan", key="k")
    with pytest.raises(JobError, match="started again"):
        queue.resume(first.id)
    with pytest.raises(JobError, match="'nope'"):
        queue.job("nope")
    assert all(callable(kind.load()) and kind.title for kind in KINDS.values())


def test_the_rate_is_that_of_the_last_seconds_and_time_is_told_as_people_say_it() -> None:
    meter = RateMeter()
    assert meter.feed(0.0, 0) is None
    for second in range(1, 60):
        rate = meter.feed(float(second), 100 * min(second, 30) + 10 * max(0, second - 30))
    assert rate == pytest.approx(10, rel=0.01)
    for total, rate, left in ((100, 10.0, 5.0), (50, 10.0, 0.0), (None, 10.0, None), (100, None, None), (100, 0, None)):
        assert seconds_left(50, total, rate) == left, (total, rate)
    for seconds, text in {0.2: "1 s", 31: "31 s", 200: "3 min", 7500: "2 h 05 min"}.items():
        assert duration(seconds) == text
