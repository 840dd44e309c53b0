"""How fast this machine was found to be, kept in the workspace, so that pages can say how long a job will take."""

import contextlib
import json
from typing import Any

from imclust_core.store.database import write_atomically
from imclust_core.store.workspace import Workspace

_FILE = "speeds.json"


def read_speeds(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """Everything measured so far: "forward/NAME/PREPROCESS/DTYPE" and "decode/COLLECTION", each with `images_per_s`."""
    try:
        found = json.loads((workspace.root / _FILE).read_bytes())
        return {key: facts for key, facts in found.items() if _is_sound(facts)}
    except (OSError, ValueError, AttributeError):
        return {}


def _is_sound(facts: Any) -> bool:
    """Whether a measurement can be used; what cannot is measured again."""
    if not isinstance(facts, dict) or not isinstance(rate := facts.get("images_per_s"), (int, float)):
        return False
    batch = facts.get("batch", 1)
    return (
        0 < rate < 1e9 and type(batch) is int and 0 < batch <= 4096 and facts.get("dtype", "fp32") in ("fp32", "bf16")
    )


def keep_speed(workspace: Workspace, key: str, facts: dict[str, Any]) -> None:
    """Remember one measurement, in place of an older one."""
    speeds = read_speeds(workspace) | {key: facts}
    with contextlib.suppress(OSError):  # it can be measured again
        write_atomically(workspace.root / _FILE, json.dumps(speeds, indent=1, sort_keys=True).encode(), durable=False)


def forward_key(backbone: str, preprocess: str, dtype: str) -> str:
    """The name under which a network's speed is kept; `dtype` as it was asked for."""
    return f"forward/{backbone}/{preprocess}/{dtype}"


def decode_key(collection_id: str) -> str:
    """The name under which it is kept how fast a collection's images are read and decoded."""
    return f"decode/{collection_id}"


def seconds_for(images: int, forward: float | None, decode: float | None, *, shared: bool) -> float | None:
    """How long embedding will take; None while it is not known.

    shared: decoding and network share the cores, as on a CPU; on a GPU the slower of the two decides.
    """
    if not forward or not decode:
        return None
    each = 1 / forward + 1 / decode if shared else max(1 / forward, 1 / decode)
    return images * each
