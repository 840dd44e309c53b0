"""Gate G4: ten people name clusters in ten browsers while an embedding writes; how long does a save take?

    python bench/sessions.py [--sessions 10] [--seconds 120] [--seed 0] [--processes]

A real server and a real Chromium with a tab for each person; each types a name, presses Enter, waits for the tick,
rests a moment, and goes on to another cluster, now and then one that somebody else has just named. Meanwhile a worker
embeds thousands of images with a network of random weights, beginning when all have opened their pages. A save is from
the server's taking up a change to both copies being on the disk, as the tick itself tells; the tick is from the key to
what the person sees. With --processes each person is a process that does what the page would, without a browser.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import shutil
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.queues import Queue as Queue_
from pathlib import Path
from uuid import uuid4

from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from bench.described import samples  # noqa: E402
from bench.pages import ARGUMENTS, PORT, dashboard, process, spread  # noqa: E402
from bench.scan import WORK, make_files  # noqa: E402
from imclust_core import Workspace, scan  # noqa: E402
from imclust_core.annotation.editing import name_cluster, open_desk  # noqa: E402
from imclust_core.errors import ImclustError, LabelConflict  # noqa: E402
from imclust_core.jobs.kinds.cluster import cluster  # noqa: E402
from imclust_core.jobs.queue import Queue  # noqa: E402
from imclust_core.jobs.requests import EmbedRequest  # noqa: E402
from imclust_core.jobs.starting import ensure_worker  # noqa: E402
from imclust_core.jobs.submitting import submit_embed  # noqa: E402
from imclust_core.store.clusterings import Clustering, ClusterRecipe, clustering  # noqa: E402
from imclust_core.store.collections import Collection, add_collection, collections  # noqa: E402
from imclust_core.store.embeddings import embeddings_of  # noqa: E402

K = 18
IMAGES = 20_000


@dataclass
class Seen:
    """What one person did and saw."""

    saves: list[float] = field(default_factory=list)
    ticks: list[float] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    conflicts: int = 0
    errors: list[str] = field(default_factory=list)


def prepared(folder: Path) -> tuple[Workspace, Collection, Clustering]:
    """A workspace with a fresh clustering of the sample photographs, and thousands of files to embed."""
    samples()
    source = next(one for one in WORK.glob("described-*") if b"sample-photographs" in (one / "catalog.db").read_bytes())
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(source, folder)
    for name in ("labels.db", "labels.jsonl", "worker.lock", "worker.pid"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "backups", ignore_errors=True)
    workspace = Workspace.open(folder)
    (photographs,) = collections(workspace)
    made = cluster(workspace, embeddings_of(workspace, photographs.id)[0].id, RECIPE, lambda *_: None)
    return workspace, photographs, clustering(workspace, made["clustering"])


RECIPE = ClusterRecipe("pca:256", "spherical", K)


def start_embedding(workspace: Workspace) -> str:
    """Let the worker embed; returns the id of the job."""
    folder = WORK / f"files-{IMAGES}"
    make_files(folder, IMAGES)
    many = add_collection(workspace, folder, "many")
    scan(workspace, many.id, lambda *_: None)
    job = submit_embed(workspace, many, EmbedRequest("efficientnet_lite0", random_weights=True))
    ensure_worker(workspace)
    return job.id


async def at_the_desk(browser: Browser, url: str, who: int) -> Page:
    """A browser of one person's own, at the page, told who is there."""
    context = await browser.new_context(viewport={"width": 1200, "height": 800})
    page = await context.new_page()
    page.set_default_timeout(120_000)
    await page.goto(url)
    await page.get_by_placeholder("Your name").fill(f"person {who}")
    await page.keyboard.press("Enter")
    await page.get_by_placeholder("Your name").wait_for(state="hidden")
    return page


async def name_for_a_while(page: Page, who: int, until: float, seed: int) -> Seen:
    """One person, naming until the time is up."""
    rng, seen = random.Random(f"{seed}-{who}"), Seen()
    while time.monotonic() < until:
        await asyncio.sleep(rng.uniform(2, 6))
        await name_one(page, rng.randint(1, K), f"{who}-{len(seen.ticks)}", seen)
    return seen


async def name_one(page: Page, number: int, name: str, seen: Seen) -> None:
    """Go to a cluster, type a name, and wait for the tick or for a conflict."""
    await page.get_by_role("navigation", name="Clusters").locator(f"[data-number='{number}']").click()
    await page.locator(f".bar .swatch:text-is('{number}')").wait_for()
    box, tick, alert = page.get_by_label("Name", exact=True), page.locator(".tick"), page.get_by_role("alert")
    await box.fill(name)
    await tick.evaluate("one => { one.textContent = '' }")
    start = time.perf_counter()
    await box.press("Shift+Enter")
    while True:
        said = await tick.text_content() or ""
        if said.startswith("✓"):
            seen.ticks.append(1000 * (time.perf_counter() - start))
            seen.saves.append(float((await tick.get_attribute("title") or "").split()[-2]))
            seen.acknowledged.append(name)
            return
        if await alert.is_visible():
            text = await alert.text_content() or ""
            if "meanwhile" not in text:
                seen.errors.append(text)
            seen.conflicts += 1
            await page.get_by_role("button", name="Keep theirs").click()
            return
        if time.perf_counter() - start > 60:
            seen.errors.append("no tick within a minute")
            return
        await asyncio.sleep(0.005)


async def all_of_them(url: str, workspace: Workspace, options: argparse.Namespace) -> tuple[list[Seen], int]:
    """All people at their desks, then the embedding, then naming; returns also how many images were embedded then."""
    async with async_playwright() as playwright:
        chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        pages = [await at_the_desk(browser, url, who) for who in range(options.sessions)]
        job, queue = start_embedding(workspace), Queue(workspace)
        while queue.job(job).done == 0 and queue.job(job).active:
            await asyncio.sleep(0.2)
        before, until = queue.job(job).done, time.monotonic() + options.seconds
        found = await asyncio.gather(
            *(name_for_a_while(page, who, until, options.seed) for who, page in enumerate(pages))
        )
        embedded = queue.job(job).done - before
        queue.cancel(job)
        await browser.close()
    return list(found), embedded


def one_process(root: str, clustering_id: str, who: int, seconds: float, seed: int, out: "Queue_[Seen]") -> None:
    """A person without a browser: looks, thinks, saves."""
    workspace, rng, seen = Workspace.open(root), random.Random(f"{seed}-{who}"), Seen()
    stored, until = clustering(workspace, clustering_id), time.monotonic() + seconds
    while time.monotonic() < until:
        number = rng.randint(1, K)
        base = open_desk(workspace, stored).base_of(number)
        time.sleep(rng.uniform(1, 3))
        name = f"{who}-{len(seen.saves)}"
        start = time.perf_counter()
        try:
            name_cluster(
                workspace,
                stored,
                number,
                text=name,
                state="sure",
                author=f"person {who}",
                uuid=str(uuid4()),
                base=base,
            )
            seen.saves.append(1000 * (time.perf_counter() - start))
            seen.acknowledged.append(name)
        except LabelConflict:
            seen.conflicts += 1
        except ImclustError as error:
            seen.errors.append(str(error))
    out.put(seen)


def in_processes(workspace: Workspace, stored: Clustering, options: argparse.Namespace) -> tuple[list[Seen], int]:
    """All people as processes, while an embedding runs."""
    job, queue, spawn = start_embedding(workspace), Queue(workspace), multiprocessing.get_context("spawn")
    while queue.job(job).done == 0 and queue.job(job).active:
        time.sleep(0.2)
    before, out = queue.job(job).done, spawn.Queue()
    people = [
        spawn.Process(
            target=one_process, args=(str(workspace.root), stored.id, who, options.seconds, options.seed, out)
        )
        for who in range(options.sessions)
    ]
    for one in people:
        one.start()
    found = [out.get(timeout=options.seconds + 120) for _ in people]
    for one in people:
        one.join()
    embedded = queue.job(job).done - before
    queue.cancel(job)
    return found, embedded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", action="store_true", help="without browsers")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {time.strftime('%Y-%m-%d')}")
    workspace, photographs, stored = prepared(WORK / "sessions-workspace")
    if options.processes:
        seen, embedded = in_processes(workspace, stored, options)
    else:
        with process(dashboard(workspace), PORT, "/_stcore/health"):
            url = f"http://127.0.0.1:{PORT}/browse?collection={photographs.id}&clustering={stored.id}"
            seen, embedded = asyncio.run(all_of_them(url, workspace, options))
    events = open_desk(workspace, stored).events
    names = {event.value["name"] for event in events}
    unseen, newest = 0, dict[str, int]()
    for event in events:
        unseen += event.base != newest.get(event.target, 0)
        newest[event.target] = event.id
    acknowledged = [name for one in seen for name in one.acknowledged]
    saves = [value for one in seen for value in one.saves]
    lost = [name for name in acknowledged if name not in names]
    found = {
        "sessions": options.sessions,
        "seconds": options.seconds,
        "embedded_meanwhile": embedded,
        "saves": len(saves),
        "save_ms": {**spread(saves), "p99": round(sorted(saves)[int(0.99 * len(saves))])},
        "key_to_tick_ms": None if options.processes else spread([value for one in seen for value in one.ticks]),
        "conflicts_shown": sum(one.conflicts for one in seen),
        "errors_shown": [text for one in seen for text in one.errors],
        "acknowledged_and_lost": len(lost),
        "overwritten_unseen": unseen,
    }
    print(json.dumps(found))
    if lost or unseen or found["errors_shown"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
