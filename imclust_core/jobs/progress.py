"""How long work reports: the contract every task follows, and the arithmetic of rate and time left."""

from collections import deque
from typing import Any, Protocol

WINDOW_SECONDS = 10.0


class Report(Protocol):
    """Called by a task after each step; may raise Cancelled or LeaseLost, which the task lets through.

    detail: what else there is to show, of types JSON knows.
    """

    def __call__(self, done: int, total: int | None, message: str, detail: dict[str, Any] | None = None) -> None: ...


class RateMeter:
    """Items per second over the last ten seconds, so that a slow patch shows and a fast start is forgotten."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def feed(self, now: float, done: int) -> float | None:
        """Take note that `done` items were finished at the monotonic time `now`; return the rate so far."""
        self._marks.append((now, done))
        while len(self._marks) > 2 and self._marks[1][0] <= now - WINDOW_SECONDS:
            self._marks.popleft()
        first_time, first_done = self._marks[0]
        return (done - first_done) / (now - first_time) if now > first_time else None


def seconds_left(done: int, total: int | None, rate: float | None) -> float | None:
    """The time left at this rate; None while it cannot be known."""
    if total is None or not rate or rate <= 0:
        return None
    return max(0, total - done) / rate


def duration(seconds: float) -> str:
    """A length of time as a person says it: "8 s", "3 min", "2 h 05 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60):02d} min"
