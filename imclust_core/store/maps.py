"""Maps of an embedding: where each image lies on a plane. Files beside the embedding; no SQL, no torch.

<embedding>/maps/<id>.npz    image ids and places
<embedding>/maps/<id>.json   how it was made; written last, so that a map is there whole or not at all
<embedding>/maps/graph.npz   the newest graph of neighbours, which the next method starts from
"""

import contextlib
import hashlib
import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from imclust_core.errors import MapError
from imclust_core.names import shown
from imclust_core.store.database import arrays_in, packed, write_atomically
from imclust_core.store.embeddings import Embedding, room_in

VERSION = 1
"""Raised when the same recipe gives another map than before."""
_FOLDER = "maps"
_GRAPH = "graph.npz"
_FAR = 1e9
"""Places beyond are no map's: sums of them would be no numbers."""
_KEPT = 24
"""Maps of an embedding that stay; older ones go, and are made again when asked for."""


@dataclass(frozen=True)
class MapRecipe:
    """All that decides how a map is made. method: of `imclust_core.mapping.methods`.

    names: the clustering whose names pull images of one name together, and after which event; nothing for none.
    """

    method: str
    seed: int = 0
    names: str = ""

    @property
    def kind(self) -> "MapRecipe":
        """What maps have in common of which one goes on from the other: also those of other names of a clustering."""
        return replace(self, names=self.names.partition("@")[0])


@dataclass(frozen=True)
class StoredMap:
    """A map that is kept. state: which images it shows, and their content. notes: what a person should know.

    trustworthiness: how far neighbours on the map are neighbours indeed, up to 1; None for too few images to say.
    """

    id: str
    embedding_id: str
    recipe: MapRecipe
    state: str
    images: int
    seconds: float
    trustworthiness: float | None
    notes: tuple[str, ...]
    created_at: float
    path: Path


@dataclass(frozen=True)
class MapContent:
    """image_ids (n,) int64, ascending; places (n, 2) float32, all finite."""

    image_ids: np.ndarray
    places: np.ndarray


def map_id_of(one: Embedding, recipe: MapRecipe, state: str) -> str:
    """What maps that are made alike of the same vectors have in common."""
    facts = json.dumps([VERSION, one.id, state, asdict(recipe)], sort_keys=True)
    return hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()


def keep_map(
    one: Embedding,
    recipe: MapRecipe,
    state: str,
    content: MapContent,
    *,
    seconds: float,
    trustworthiness: float | None,
    notes: tuple[str, ...] = (),
) -> StoredMap:
    """Keep a map; one that was made alike before is replaced."""
    folder, new = room_in(one, _FOLDER), map_id_of(one, recipe, state)
    order = np.argsort(content.image_ids, kind="stable")
    ids, places = content.image_ids[order].astype(np.int64), content.places[order].astype(np.float32)
    write_atomically(folder / f"{new}.npz", packed(image_ids=ids, places=places))
    facts = {
        "recipe": asdict(recipe),
        "state": state,
        "images": len(order),
        "seconds": round(seconds, 2),
        "trustworthiness": trustworthiness,
        "notes": notes,
        "created_at": time.time(),
    }
    write_atomically(folder / f"{new}.json", json.dumps(facts).encode())
    for old in maps_of(one)[_KEPT:]:
        forget_map(old)
    return stored_map(one, new)


def maps_of(one: Embedding) -> list[StoredMap]:
    """The maps of an embedding, the newest first; files that cannot be read are passed over."""
    found = []
    with contextlib.suppress(OSError):
        for path in (one.folder / _FOLDER).glob("*.json"):
            with contextlib.suppress(MapError):
                found.append(_read(one, path))
    return sorted(found, key=lambda each: each.created_at, reverse=True)


def is_mapped(one: Embedding) -> bool:
    """Whether there is any map of an embedding. Every page asks."""
    with contextlib.suppress(OSError):
        return next((one.folder / _FOLDER).glob("*.json"), None) is not None
    return False


def find_map(one: Embedding, recipe: MapRecipe, state: str) -> StoredMap | None:
    """The map made like this, if it is there."""
    try:
        return stored_map(one, map_id_of(one, recipe, state))
    except MapError:
        return None


def stored_map(one: Embedding, map_id: str) -> StoredMap:
    """One map, or MapError."""
    if not map_id.isascii() or not map_id.isalnum():  # it becomes the name of a file
        raise MapError("There is no such map. Choose another, or make one.")
    return _read(one, one.folder / _FOLDER / f"{map_id}.json")


def read_map(stored: StoredMap) -> MapContent:
    """The arrays of a map."""
    try:
        content = MapContent(**arrays_in(stored.path))
        ids, places = content.image_ids, content.places
        if ids.dtype != np.int64 or places.shape != (len(ids), 2) or places.dtype != np.float32:
            raise ValueError("its arrays do not fit each other")
        if len(ids) != stored.images or not (np.abs(places) < _FAR).all() or (np.diff(ids) <= 0).any():
            raise ValueError("its arrays do not hold a map")
        return content
    except Exception as error:
        raise MapError(
            f"The map could not be read ({shown(stored.path)}: {type(error).__name__}). Make it again; nothing else "
            "hangs on it."
        ) from error


def forget_map(stored: StoredMap) -> None:
    """Let go of a map, which can be made again."""
    stored.path.with_suffix(".json").unlink(missing_ok=True)
    stored.path.unlink(missing_ok=True)


def write_graph(one: Embedding, state: str, arrays: Mapping[str, np.ndarray]) -> None:
    """Keep what all methods start from, under what it was made of; only the newest stays."""
    data = packed(state=np.frombuffer(state.encode(), np.uint8), **arrays)
    write_atomically(room_in(one, _FOLDER) / _GRAPH, data, durable=False)


def read_graph(one: Embedding, state: str) -> dict[str, np.ndarray] | None:
    """What was kept of this state, or None where it is another's or cannot be read."""
    try:
        path = one.folder / _FOLDER / _GRAPH
        if arrays_in(path, "state")["state"].tobytes() != state.encode():
            return None  # the graph itself, of a million images, is not read for that
        kept = arrays_in(path)
        del kept["state"]
        return kept
    except Exception:  # it is damaged, or not there; it is made again
        return None


def _read(one: Embedding, path: Path) -> StoredMap:
    try:
        facts = json.loads(path.read_bytes())
        trust = facts["trustworthiness"]
        return StoredMap(
            path.stem,
            one.id,
            _recipe(facts["recipe"]),
            str(facts["state"]),
            int(_finite(facts["images"])),
            _finite(facts["seconds"]),
            None if trust is None else _finite(trust),
            tuple(map(str, facts["notes"])),
            _finite(facts["created_at"]),
            path.with_suffix(".npz"),
        )
    except Exception as error:  # JSON that somebody has changed fails in many ways, too deep and too large among them
        raise MapError("This map is not here any more. Open the page again, and it is made again.") from error


def _recipe(facts: dict[str, Any]) -> MapRecipe:
    recipe = MapRecipe(**facts)
    if not isinstance(recipe.method, str) or type(recipe.seed) is not int or not isinstance(recipe.names, str):
        raise ValueError("this is no recipe of a map")
    return recipe


def _finite(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("this is no number")
    return float(value)
