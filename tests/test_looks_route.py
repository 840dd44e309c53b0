"""What a network looked at, by the routes of the real server: asked for once, made by the worker, signed, in words."""

import io
import json
import sqlite3
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from imclust_core.annotation.editing import open_desk
from imclust_core.annotation.explain_questions import TOP, of_cluster
from imclust_core.jobs.queue import Queue
from imclust_core.store.catalogue import ImageRow, page_of_images
from imclust_core.store.clusterings import Clustering
from imclust_core.store.collections import Collection
from imclust_core.store.workspace import Workspace
from pages.parts.saliency.address import asking_address, mean_address, picture_address
from tests.conftest import wait_for
from tests.helpers.clusterings import clustered
from tests.helpers.server import Answer, Dashboard


@pytest.fixture
def stored(workspace: Workspace, source: Collection) -> Clustering:
    return clustered(workspace, source)


@pytest.fixture
def images(workspace: Workspace, source: Collection) -> list[ImageRow]:
    return page_of_images(workspace, source.id, offset=0, limit=6)


@pytest.fixture
def server(workspace: Workspace) -> Iterator[Dashboard]:
    with Dashboard(workspace) as running:
        yield running


def asking(workspace: Workspace, stored: Clustering, target: str, methods: str, ids: str, visit: str = "v") -> str:
    return f"{asking_address(workspace, stored, visit)}&target={quote(target, '')}&methods={methods}&ids={ids}"


def looked(server: Dashboard, address: str) -> dict[str, Any]:
    """The answer once nothing is under way any more."""
    found: dict[str, Any] = {}

    def ended() -> bool:
        found.update(json.loads(server.get(address).body))
        return not found["busy"]

    wait_for(ended, seconds=90, what="the looks")
    return found


def settle(workspace: Workspace) -> None:
    """Wait for the end of all jobs: a look can be shown a moment before the job that made it has told its end."""
    wait_for(lambda: not Queue(workspace).open_jobs(quick=True), seconds=30, what="the jobs")


def shown(workspace: Workspace, stored: Clustering, image: ImageRow, method: str, target: str, **how: str) -> str:
    address = picture_address(workspace, stored, colours=how.pop("colours", "heat"), grey=how.pop("grey", "") == "1")
    more = "".join(f"&{name}={value}" for name, value in how.items())
    return f"{address.format(id=image.id, method=method)}&target={quote(target, '')}{more}"


def opened(answer: Answer) -> Image.Image:
    assert answer.status == 200, answer.body
    return Image.open(io.BytesIO(answer.body))


def test_looks_are_made_once_and_shown_over_the_shape_of_their_picture(
    workspace: Workspace, stored: Clustering, images: list[ImageRow], server: Dashboard
) -> None:
    target = of_cluster(stored, open_desk(workspace, stored), stored.summary.numbers[0])
    ids = ",".join(str(one.id) for one in images)
    assert server.get(shown(workspace, stored, images[0], "cam", target)).status == 404
    first = json.loads(server.get(asking(workspace, stored, target, "cam,guided", ids)).body)
    assert first["busy"] and first["error"] == "" and first["failed"] == {}
    found = looked(server, asking(workspace, stored, target, "cam,guided", ids))
    assert found["ready"] == [one.id for one in images] and found["guided"] == "Guided backprop"
    settle(workspace)
    for image in images[:3]:
        version = (image.hash or b"").hex()[:16]
        for size, side in (("thumb", 192), ("view", 1024)):
            heat = opened(server.get(shown(workspace, stored, image, "cam", target, size=size, v=version)))
            assert max(heat.size) == min(side, max(image.width or 0, image.height or 0))
            assert heat.format == "PNG" and heat.convert("RGBA").getchannel("A").getextrema()[1] == 255
        slopes = opened(server.get(shown(workspace, stored, image, "guided", target, v=version)))
        assert slopes.format == "JPEG"
        grey = opened(server.get(shown(workspace, stored, image, "guided", target, grey="1")))
        assert grey.mode == "L"
        jet = server.get(shown(workspace, stored, image, "cam", target, colours="jet"))
        assert jet.body != server.get(shown(workspace, stored, image, "cam", target)).body
        named, *others = (
            shown(workspace, stored, image, "cam", target, **one) for one in ({"v": version}, {}, {"v": "x"})
        )
        assert "immutable" in server.get(named).headers["cache-control"]  # the content is named: kept for good
        assert all(server.get(other).headers["cache-control"] == "no-store" for other in others)


def test_a_page_that_asks_for_something_else_ends_what_it_asked_before(
    workspace: Workspace, stored: Clustering, images: list[ImageRow], server: Dashboard
) -> None:
    ids = ",".join(str(one.id) for one in images)
    server.get(asking(workspace, stored, "class/1", "cam", ids))
    server.get(asking(workspace, stored, "class/2", "cam", ids))
    found = looked(server, asking(workspace, stored, "class/2", "cam", ids))
    assert len(found["ready"]) == 6
    server.get(asking(workspace, stored, "class/3", "cam", ids, visit="another"))
    assert len(looked(server, asking(workspace, stored, "class/3", "cam", ids, visit="another"))["ready"]) == 6
    settle(workspace)
    states = {job.params["asked"][0][0]: job.state for job in all_jobs(workspace)}
    assert states["class/2"] == states["class/3"] == "done"


def all_jobs(workspace: Workspace) -> list[Any]:
    with sqlite3.connect(workspace.jobs) as db:
        keys = [row[0] for row in db.execute("SELECT key FROM jobs WHERE kind = 'explain'")]
    return [job for key in keys if (job := Queue(workspace).last_of(key)) is not None]


def test_what_failed_holds_up_nothing_and_is_tried_again_when_somebody_asks_again(
    workspace: Workspace, stored: Clustering, images: list[ImageRow], server: Dashboard, source: Collection
) -> None:
    ids = f"{images[0].id},{images[1].id}"
    found = looked(server, asking(workspace, stored, "class/1000", "cam", ids))
    assert "classes 0 to 999" in found["error"] and found["ready"] == []
    assert looked(server, asking(workspace, stored, "class/999", "cam", ids))["ready"] == [images[0].id, images[1].id]
    file = source.folder / images[0].name
    address = asking(workspace, stored, TOP, "cam", str(images[0].id))
    file.rename(file.with_suffix(".away"))  # and back: other tests have this photograph too
    try:
        assert list(looked(server, address)["failed"]) == [str(images[0].id)]
    finally:
        file.with_suffix(".away").rename(file)
    assert looked(server, address)["ready"] == [images[0].id]


def test_odd_addresses_and_the_proof_of_another_clustering_are_refused_without_harm(
    workspace: Workspace, stored: Clustering, images: list[ImageRow], server: Dashboard
) -> None:
    good = asking(workspace, stored, TOP, "cam", str(images[0].id))
    path, _, query = good.partition("?")
    of_another = "target=cluster/abcdef012345/1/0"
    changes = ["target=nonsense", of_another, "sign=0", "until=1", "ids=x", "ids=", "methods=magic", "visit=w"]
    for change in (*changes, f"ids={','.join(['1'] * 65)}"):
        parts = [part for part in query.split("&") if part.partition("=")[0] != change.partition("=")[0]]
        answer = server.get(f"{path}?{'&'.join([*parts, change])}")
        assert answer.status in (400, 403, 404) and b"Traceback" not in answer.body, change
    for address, status in (
        (f"/looks/{stored.id}", 403),
        (good.replace(stored.id, "abcdef012345"), 403),
        (mean_address(workspace, stored, 1, 0, "heat"), 404),  # nobody has looked
        (good, 200),
    ):
        assert server.get(address).status == status, address


def test_many_pages_at_once_all_get_theirs(
    workspace: Workspace, stored: Clustering, images: list[ImageRow], server: Dashboard
) -> None:
    ids = ",".join(str(one.id) for one in images)
    asked = [asking(workspace, stored, TOP, "cam", ids, visit=f"v{number}") for number in range(5)]
    for address in asked:
        server.get(address)
    for address in asked:
        found = looked(server, address)
        assert (found["error"], found["failed"], len(found["ready"])) == ("", {}, 6)
    settle(workspace)
    assert np.sum([job.state == "done" for job in all_jobs(workspace)]) >= 1
