"""Work that cannot be stopped from within, in a process of its own that can be ended at any moment."""

import multiprocessing
import os
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from imclust_core.errors import ClusteringError, ImclustError

_LOOK_SECONDS = 0.1


def apart(work: Callable[..., Any], *given: Any, watch: Callable[[], None]) -> Any:
    """What `work(*given)` returns, run in another process; `watch` is called meanwhile, and what it raises ends both.

    work: a function at the top of a module. A new interpreter is started for it, which takes a second or two.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_answer, args=(there, work), daemon=True)
    process.start()
    there.close()
    # Large arrays fill the pipe until the other side reads, and nobody must wait for that to be stopped.
    threading.Thread(target=_send, args=(here, given, process), daemon=True).start()
    try:
        while not here.poll(_LOOK_SECONDS):
            watch()
        good, answer = here.recv()
    except (EOFError, ConnectionResetError) as error:
        process.join()
        raise ClusteringError(
            f"The process that did the work ended unexpectedly (code {process.exitcode}), most likely for lack of "
            "memory. Choose k-means, which needs the least, or a reduction to fewer numbers, like pca:50."
        ) from error
    finally:
        process.kill()
        process.join()
        here.close()
    if not good:
        raise answer
    return answer


def _send(to: Connection, given: tuple[Any, ...], process: BaseProcess) -> None:
    try:
        to.send(given)
    except Exception:  # the other side is gone, or memory is; whoever waits for its answer learns it from its end
        process.kill()


def _answer(there: Connection, work: Callable[..., Any]) -> None:
    """In the new process: do the work and tell what came of it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        there.send((True, work(*there.recv())))
    except ImclustError as error:
        there.send((False, error))
    except Exception:
        there.send((False, RuntimeError(traceback.format_exc())))


def _end_with_parent() -> None:
    """A worker that was killed cannot end its processes, so they end themselves."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
