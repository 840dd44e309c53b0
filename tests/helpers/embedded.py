"""Embedding photographs in a test, with nothing measured and nothing told."""

import sqlite3
from pathlib import Path
from typing import Any

import torch

from imclust_core.backbones.preprocessing import MODES
from imclust_core.backbones.registry import BUNDLED
from imclust_core.embedding.lanes import device_name
from imclust_core.jobs.kinds.embed import embed
from imclust_core.jobs.kinds.scan import scan
from imclust_core.jobs.requests import EmbedRequest
from imclust_core.store.collections import Collection, add_collection, find_collection
from imclust_core.store.speeds import forward_key, keep_speed
from imclust_core.store.workspace import Workspace


def quietly(done: int, total: int | None, message: str, detail: dict[str, Any] | None = None) -> None:
    """A report to nobody."""


def pin_speed(workspace: Workspace, *names: str, images_per_s: float = 1.0) -> None:
    """Say how fast a network is, so that nothing is measured and every run is cut into the same small shards."""
    facts = {"dtype": "fp32", "batch": 4, "images_per_s": images_per_s, "device": device_name("cpu")}
    for key in [forward_key(name, how, dtype) for name in names for how in MODES for dtype in ("auto", "fp32")]:
        keep_speed(workspace, key, {**facts, "torch": torch.__version__, "shared": True})


def embedded_photographs(workspace: Workspace, photos: Path) -> Collection:
    pin_speed(workspace, BUNDLED)
    made = add_collection(workspace, photos)
    scan(workspace, made.id, quietly)
    embed(workspace, made.id, EmbedRequest(BUNDLED), quietly)
    return find_collection(workspace, made.id)


def long_ago(workspace: Workspace, minutes: int = 1) -> None:
    """Let all scans have ended so much earlier: they are told apart by the second they ended in."""
    with sqlite3.connect(workspace.catalogue) as db:
        db.execute("UPDATE collections SET scanned_at = scanned_at - 60 * ?", [minutes])
