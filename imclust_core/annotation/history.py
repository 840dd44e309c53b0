"""What was done to a clustering, told in sentences: who did what, when, and whether it still counts."""

from collections.abc import Iterator
from dataclasses import dataclass

from imclust_core.annotation.annotated import ASIDE, UNDOING, Desk
from imclust_core.store.annotations.events import Event


@dataclass(frozen=True)
class Told:
    """One event in words. clusters: the numbers it is about. counts: false for what was undone."""

    id: int
    at: int
    author: str
    text: str
    clusters: tuple[int, ...]
    counts: bool


def history(desk: Desk) -> Iterator[Told]:
    """All that was done, the newest first."""
    by_id = {event.id: event for event in desk.events}
    for event in reversed(desk.events):
        about = by_id.get(event.value["event"], event) if event.kind in UNDOING else event
        yield Told(
            event.id, event.at, event.author, sentence(event, about), clusters_of(about), event.id not in desk.undone
        )


def sentence(event: Event, about: Event | None = None) -> str:
    """What an event did; about: the one that an undo or redo is about."""
    value = event.value
    if event.kind in UNDOING:
        verb = "took back" if event.kind == "undo" else "did again"
        return f"{verb}: {sentence(about)}" if about is not None and about is not event else verb
    if event.kind == "name":
        return _naming(event)
    if event.kind == "merge":
        return f"merged cluster {value['from']} into {value['into']}"
    if event.kind == "split":
        parts = ", ".join(f"{part['into']} ({_images(part['images'])})" for part in value["parts"])
        begun = f"split cluster {value['from']}" if value["from"] > 0 else "gathered images"
        return f"{begun} {value['how']}: new {parts}"
    if event.kind == "move":
        return f"moved {_images(value['images'])} {_to(value['into'])}"
    return f"did something that this version does not know ({event.kind})"


def _naming(event: Event) -> str:
    value = event.value
    said = f"named cluster {value['number']} “{value['name']}”" if value["name"] else f"unnamed {value['number']}"
    told = [one for one in (value["state"], value.get("via")) if one]
    note = f", note: {value['note']}" if value["note"] else ""
    return said + (f" ({', '.join(told)})" if told else "") + note


def clusters_of(event: Event) -> tuple[int, ...]:
    """The numbers of the clusters that an event is about."""
    value = event.value
    if event.kind == "name":
        return (value["number"],)
    if event.kind == "split":
        return tuple(number for number in (value["from"], *(part["into"] for part in value["parts"])) if number > 0)
    return tuple(value[end] for end in ("from", "into") if value.get(end, 0) > 0)


def _images(images: list[int]) -> str:
    return f"{len(images):,} image{'' if len(images) == 1 else 's'}"


def _to(into: int) -> str:
    if into == ASIDE:
        return "aside"
    return f"to cluster {into}" if into else "out of their cluster"
