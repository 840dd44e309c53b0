"""What becomes of names and edits when the same images are clustered anew: what fits is brought over."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from imclust_core.annotation.annotated import Desk, Name
from imclust_core.annotation.editing import move_images, name_cluster, open_desk
from imclust_core.arrays.lookup import rows_among
from imclust_core.clustering.matching import carry
from imclust_core.store.clusterings import Clustering
from imclust_core.store.workspace import Workspace

_PART = 0.8
"""A new cluster with this share of its images from an old one is a part of it, and bears its name too."""

BROUGHT = "brought over from"
"""How the way of a name begins that came along."""


@dataclass(frozen=True)
class Brought:
    """A name for the cluster `number`, from the old cluster `old`.

    images: how many it has from there; share: of those of its images that were clustered before, too.

    heir: whether it takes the place of the old one, and is not just a part of it.
    """

    number: int
    old: int
    name: Name
    images: int
    share: float
    heir: bool

    @property
    def doubtful(self) -> bool:
        """Whether most images come from elsewhere, so that the name may not fit them."""
        return self.share < 0.5


@dataclass(frozen=True)
class Plan:
    """What of one clustering fits another: names; moves: (group, image ids) that a person put there by hand.

    kept: clusters that have a name already. lost: (old number, its name, its images) that no cluster goes on from.
    loose: images moved by hand whose cluster is lost.
    """

    names: tuple[Brought, ...]
    moves: tuple[tuple[int, tuple[int, ...]], ...]
    kept: tuple[int, ...]
    lost: tuple[tuple[int, Name, int], ...]
    loose: int

    @property
    def empty(self) -> bool:
        return not self.names and not self.moves


def plan_for(old: Desk, new: Desk) -> Plan:
    """What can be brought from the desk of one clustering to that of another, of the same collection."""
    rows = new.rows_at(old.image_ids)
    common = np.isin(old.image_ids, new.image_ids)
    before, after = old.group[common], new.group[rows]
    olds, news = np.array(old.clusters), np.array(new.clusters)
    a, b = rows_among(before, olds), rows_among(after, news)
    carried, _ = carry(a, b, len(olds), len(news))
    heirs = {int(olds[one.old]): int(news[one.new]) for one in carried}
    found = _one_each(
        Brought(number, int(olds[at]), old.names[int(olds[at])], images, share, heirs.get(int(olds[at])) == number)
        for number, at, images, share in _origins(a, b, len(olds), news)
        if _said(old, int(olds[at])) and (heirs.get(int(olds[at])) == number or share >= _PART)
    )
    moves, loose = _moves(old, new, heirs)
    free = [one for one in found if one.number not in new.names]
    return Plan(
        tuple(free),
        moves,
        tuple(one.number for one in found if one.number in new.names),
        tuple(
            (number, old.names[number], old.sizes[number])
            for number in old.clusters
            if _said(old, number) and number not in {one.old for one in found}
        ),
        loose,
    )


def _one_each(found: Iterable[Brought]) -> list[Brought]:
    """For each new cluster the name that most of its images had: part of one old cluster can be the heir of another."""
    best: dict[int, Brought] = {}
    for one in found:
        if one.number not in best or one.share > best[one.number].share:
            best[one.number] = one
    return list(best.values())


def _said(desk: Desk, number: int) -> bool:
    return bool(desk.said(number).text or desk.said(number).state)


def _origins(a: np.ndarray, b: np.ndarray, olds: int, news: np.ndarray) -> list[tuple[int, int, int, float]]:
    """Old and new clusters that share images: the new number, the old place, how many images, of the new what share."""
    both = (a >= 0) & (b >= 0)
    sizes = np.bincount(b[b >= 0], minlength=len(news))
    cells, counts = np.unique(b[both] * max(1, olds) + a[both], return_counts=True)
    return [
        (int(news[cell // olds]), cell % olds, count, count / int(sizes[cell // olds]))
        for cell, count in zip(cells.tolist(), counts.tolist(), strict=True)
    ]


def _moves(old: Desk, new: Desk, heirs: dict[int, int]) -> tuple[tuple[tuple[int, tuple[int, ...]], ...], int]:
    """Images that somebody put somewhere by hand, and are elsewhere now; and how many have nowhere to go."""
    images = np.array(sorted(_by_hand(old) - _by_hand(new)), np.int64)
    images = images[np.isin(images, old.image_ids) & np.isin(images, new.image_ids)]
    before, after = old.group[old.rows_at(images)], new.group[new.rows_at(images)]
    wanted: dict[int, list[int]] = {}
    loose = 0
    for image, was, now in zip(images.tolist(), before.tolist(), after.tolist(), strict=True):
        goal = heirs.get(was) if was > 0 else was
        if goal is None:
            loose += 1
        elif now != goal:
            wanted.setdefault(goal, []).append(image)
    return tuple((goal, tuple(found)) for goal, found in sorted(wanted.items())), loose


def _by_hand(desk: Desk) -> set[int]:
    """The images that somebody moved; where they are now may be by a merge or a split since."""
    return {
        image
        for event in desk.events
        if event.kind == "move" and event.id not in desk.undone
        for image in event.value["images"]
    }


def bring_over(
    workspace: Workspace, stored: Clustering, plan: Plan, title: str, *, author: str, new_uuid: Callable[[], str]
) -> int:
    """Carry a plan out, each name and each group of moves as an event of its own, and return how many there were.

    What somebody has named or moved since the plan was made stays as it is.

    title: of the clustering they come from. A name of which most images come from elsewhere comes as doubtful.
    """
    desk, done = open_desk(workspace, stored), 0
    for one in plan.names:
        if one.number in desk.names:
            continue
        done += 1
        state, via = "doubtful" if one.doubtful else one.name.state, f"{BROUGHT} {title}"[:200]
        said = {"text": one.name.text, "state": state, "note": one.name.note, "via": via}
        base = desk.base_of(one.number)
        name_cluster(workspace, stored, one.number, base=base, author=author, uuid=new_uuid(), **said)
    decided = _by_hand(desk)
    for into, images in plan.moves:
        if free := [image for image in images if image not in decided]:
            done += 1
            move_images(workspace, stored, free, into, author=author, uuid=new_uuid(), seen=desk.version)
    return done
