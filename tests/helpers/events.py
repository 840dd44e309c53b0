"""Events of annotation, one by one and at random."""

import functools
from typing import Any

import numpy as np

from imclust_core.annotation.annotated import (
    ASIDE,
    UNASSIGNED,
    UNDOING,
    Desk,
    advance,
    fresh,
    target_of,
    to_redo,
    to_undo,
)
from imclust_core.store.annotations.events import Event

AUTHORS = ("Ada", "Bob", "Cleo")


def event(number: int, kind: str, author: str = "Ada", target: str = "", /, **value: Any) -> Event:
    if "source" in value:
        value["from"] = value.pop("source")
    return Event(number, f"uuid-{number}", "clustering", target, kind, value, author, 0, 1_000 + number)


def named(number: int, cluster: int, text: str, author: str = "Ada", state: str = "sure", note: str = "") -> Event:
    value = {"number": cluster, "name": text, "state": state, "note": note}
    return event(number, "name", author, target_of(cluster), **value)


def some_event(desk: Desk, number: int, author: str, rng: np.random.Generator, wild: bool) -> Event | None:
    """A change as somebody could make it; wild: also to clusters and images that are not there, and plain junk."""
    there = rng.permutation(desk.clusters).tolist() + ([int(rng.integers(90, 99))] if wild else [])
    kind = str(rng.choice(["name", "name", "merge", "split", "move", "aside", "undo", "redo"]))
    if wild and rng.random() < 0.15:
        kind = str(rng.choice(["undo", "redo", "dance"]))
        return event(number, kind, author, event=int(rng.integers(0, 60)))
    if kind in UNDOING:
        about = (to_undo if kind == "undo" else to_redo)(desk, author)
        return None if about is None else event(number, kind, author, about.target, event=about.id)
    if not there:
        return None
    images = rng.permutation(desk.image_ids)[: rng.integers(1, 6)].tolist()
    images += rng.integers(5_000, 5_009, 2).tolist() if wild else []
    if kind == "name":
        return named(number, there[0], str(rng.choice(["lion", "lynx", ""])), author)
    if kind == "merge" and len(there) > 1:
        return event(number, "merge", author, target_of(there[0]), source=there[0], into=there[1])
    if kind == "split":
        inside = desk.image_ids[desk.rows_of(there[0])].tolist()[1:] if not wild else images
        parts = [{"into": desk.highest + 1 + at, "images": inside[at::2]} for at in range(2) if inside[at::2]]
        return (
            event(number, "split", author, target_of(there[0]), source=there[0], how="by hand", parts=parts)
            if parts
            else None
        )
    into = ASIDE if kind == "aside" else int(rng.choice([UNASSIGNED, *there]))
    return event(number, "move", author, images=images, into=into) if images else None


@functools.lru_cache(maxsize=1_000)
def story(seed: int, wild: bool = False) -> tuple[Desk, ...]:
    """A desk, and the same after each of some random events."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 40))
    base = rng.integers(0, 6, n)
    desks = [fresh(rng.permutation(1_000)[:n] + 1, base, int(base.max(initial=0)))]
    number = 0
    for _ in range(40):
        number += int(rng.integers(1, 4))  # others write about other clusterings in between
        made = some_event(desks[-1], number, str(rng.choice(AUTHORS)), rng, wild)
        if made is not None:
            desks.append(advance(desks[-1], [made]))
    return tuple(desks)
