"""Is anything lost when processes that write labels are killed at random moments?

    python bench/labels_torture.py [--writers 4] [--kills 160] [--seconds 300] [--seed 0]

Writers name a few clusters of one workspace: each reads the newest event about a cluster, appends its own on top of it,
and then, after `append` has returned, writes the event's id and uuid to a file of its own and waits for the disk. One
value in ten is some kilobytes long. The parent ends a writer by SIGKILL at a random moment and starts another in its
place, which begins with the change its forerunner had not acknowledged, under the same uuid. It stops after --kills of
them, or after --seconds. Then it counts, and exits with 1 where any of these is not zero or not so:

acknowledged, lost     acknowledged changes that labels.db has not, or not under the id that was told
refused, there         changes that were refused, since somebody was faster, and are in labels.db all the same
uuids twice            rows of labels.db that share a uuid
out of turn            events written over a newer one about the same cluster than their author knew of
integrity              what SQLite's integrity_check says
log                    after one more append, labels.jsonl has the events of labels.db, in order, and nothing else
backups                dated copies made on the way that are damaged
doctor                 what imclust doctor finds

Of the figures, `under_way` are the kills that hit a writer between beginning a change and acknowledging it, and
`unanswered` the events in labels.db that nobody was told of.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # instead of this folder: nothing needs to be installed

from imclust_core.errors import LabelConflict  # noqa: E402
from imclust_core.store.annotations import backups  # noqa: E402
from imclust_core.store.annotations.events import Draft, Event, append, events_of  # noqa: E402
from imclust_core.store.annotations.log import read_log  # noqa: E402
from imclust_core.store.doctor.label_health import check_labels  # noqa: E402
from imclust_core.store.workspace import Workspace  # noqa: E402

CLUSTERING = "0123456789ab"
CLUSTERS = 3
LONG = 6_000


@dataclass
class Figures:
    """What a run of the torture came to. under_way: kills in the middle of a change. wrong: what must not be."""

    kills: int = 0
    under_way: int = 0
    seconds: float = 0.0
    events: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    conflicts: int = 0
    backups: int = 0
    wrong: list[str] = field(default_factory=list)


def write(folder: Path, name: str, seed: int) -> None:
    """One writer: append and acknowledge until somebody ends this process."""
    workspace, dice = Workspace.open(folder), random.Random(seed)
    intent, mine = folder.parent / f"{name}.intent", folder.parent / f"{name}.acknowledged"
    with mine.open("a", encoding="ascii") as acknowledged:
        acknowledged.write("\n")  # what the forerunner may have left unfinished stays a line of its own
        while True:
            draft = _unfinished(intent, mine) or _next_draft(workspace, name, dice)
            intent.write_text(json.dumps(draft.__dict__))  # not waited for: a kill is no power cut
            try:
                event = append(workspace, draft)
                line = f"{event.id} {event.uuid}\n"
            except LabelConflict:
                line = f"conflict {draft.uuid}\n"
            acknowledged.write(line)
            acknowledged.flush()
            os.fsync(acknowledged.fileno())
            if dice.random() < 0.05:
                backups.back_up_if_due(workspace, every=0.5)


def _unfinished(intent: Path, mine: Path) -> Draft | None:
    """The change that was begun and not acknowledged, to be asked for again with the same uuid."""
    try:
        draft = Draft(**json.loads(intent.read_text()))
    except (FileNotFoundError, ValueError):
        return None  # killed before it was written whole, and so before it was asked for
    return None if draft.uuid in mine.read_text() else draft


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _next_draft(workspace: Workspace, name: str, dice: random.Random) -> Draft:
    target = f"cluster {dice.randrange(CLUSTERS)}"
    newest = [event.id for event in events_of(workspace, CLUSTERING) if event.target == target]
    text = "x" * dice.randrange(LONG) if dice.random() < 0.1 else f"löwe 🦁 {dice.random()}"
    base = newest[-1] if newest else 0
    return Draft(str(uuid.UUID(int=dice.getrandbits(128))), CLUSTERING, target, "said", {"text": text}, name, base)


def torture(folder: Path, *, writers: int, kills: int, seconds: float, seed: int) -> Figures:
    """Let writers write and be killed, and count what is left."""
    workspace, dice, figures = Workspace.open(folder / "workspace"), random.Random(seed), Figures()
    begun, started = time.monotonic(), 0
    seen: dict[str, str] = {}
    running: dict[str, subprocess.Popen[bytes]] = {}

    def start(name: str) -> None:
        nonlocal started
        started += 1
        command = [sys.executable, __file__, "--write", str(workspace.root), name, str(seed * 100_003 + started)]
        seen[name] = _text(folder / f"{name}.intent")
        running[name] = subprocess.Popen(command)

    try:
        for number in range(writers):
            start(f"writer {number}")
        while figures.kills < kills and time.monotonic() - begun < seconds:
            name = dice.choice(sorted(running))
            intent = folder / f"{name}.intent"
            # Not while it is still importing: half of the kills would hit nothing.
            while _text(intent) == seen[name] and running[name].poll() is None and time.monotonic() - begun < seconds:
                time.sleep(0.002)
            time.sleep(dice.uniform(0, 0.1))
            ended = running[name].poll()
            if ended is not None:
                figures.wrong.append(f"{name} ended by itself with {ended}")
                break
            running[name].send_signal(signal.SIGKILL)
            running[name].wait()
            figures.kills += 1
            figures.under_way += _unfinished(intent, folder / f"{name}.acknowledged") is not None
            start(name)
    finally:
        for process in running.values():
            process.kill()
            process.wait()
    figures.seconds = time.monotonic() - begun
    _count(workspace, figures)
    return figures


def _count(workspace: Workspace, figures: Figures) -> None:
    told: list[tuple[str, str]] = []
    for path in sorted(workspace.root.parent.glob("*.acknowledged")):
        lines = [line.partition(" ") for line in path.read_text().splitlines()]
        told += [(number, asked) for number, _, asked in lines if len(asked) == len(str(uuid.UUID(int=0)))]
    refused = {asked for number, asked in told if number == "conflict"}
    answered = {(number, asked) for number, asked in told if number != "conflict"}
    figures.conflicts, figures.acknowledged = len(refused), len(answered)
    append(workspace, Draft(str(uuid.uuid4()), CLUSTERING, "", "note", {}, "the end"))
    events = events_of(workspace, CLUSTERING)
    figures.events = len(events)
    kept = {(str(event.id), event.uuid) for event in events}
    figures.unanswered = len(kept - answered) - 1
    with closing(sqlite3.connect(workspace.labels)) as db:
        sound = db.execute("PRAGMA integrity_check").fetchone()[0]
        distinct = db.execute("SELECT count(DISTINCT uuid) FROM label_events").fetchone()[0]
    logged = [line for _, line in read_log(workspace.label_log)]
    copies = backups.backups_of(workspace)
    figures.backups = len(copies)
    _expect(figures, "acknowledged changes were lost", len(answered - kept))
    _expect(figures, "refused changes are there", len(refused & {event.uuid for event in events}))
    _expect(figures, "uuids are there twice", len(events) - distinct)
    _expect(figures, "events were written over newer ones", _out_of_turn(events))
    _expect(figures, "labels.db is damaged", sound != "ok")
    _expect(figures, "labels.jsonl is not labels.db", logged != [event.__dict__ for event in events])
    _expect(figures, "dated copies are damaged", sum(bool(backups.damage_of_labels(path)) for path in copies))
    _expect(figures, "the doctor finds something", len(check_labels(workspace).findings))


def _expect(figures: Figures, what: str, number: int) -> None:
    if number:
        figures.wrong.append(f"{what}: {int(number)}")


def _out_of_turn(events: list[Event]) -> int:
    newest: dict[str, int] = {}
    wrong = 0
    for event in events:
        wrong += bool(event.target) and newest.get(event.target, 0) != event.base
        newest[event.target] = event.id
    return wrong


def main() -> int:
    if sys.argv[1:2] == ["--write"]:
        write(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    parser = argparse.ArgumentParser(description="Kill writers of labels at random moments, and count what is lost.")
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=160)
    parser.add_argument("--seconds", type=float, default=300.0, help="stop after so long, whatever was reached")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="labels-", dir=_work()))
    try:
        figures = torture(
            folder, writers=options.writers, kills=options.kills, seconds=options.seconds, seed=options.seed
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if figures.kills < options.kills:
        figures.wrong.append(f"only {figures.kills} of {options.kills} kills in {figures.seconds:.0f} s")
    for name, value in figures.__dict__.items():
        print(f"{name:>14}  {value if value != [] else 'nothing'}")
    return 1 if figures.wrong else 0


def _work() -> Path:
    """On the disk the project lies on: /tmp may be memory, which knows no waiting for a disk."""
    folder = ROOT / "bench" / ".work"
    folder.mkdir(exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
