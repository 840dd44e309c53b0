"""The command that looks over a workspace, also one that is too damaged for any other command to open."""

import argparse
import sys
from dataclasses import asdict

from imclust_core.commands.running import print_json, where
from imclust_core.config import workspace_folder
from imclust_core.errors import WorkspaceError
from imclust_core.names import expanded, shown
from imclust_core.store.database import refuse_network_folder
from imclust_core.store.doctor.workspace_health import Health, examine
from imclust_core.store.workspace import MARKER, Workspace


def doctor(options: argparse.Namespace) -> int:
    """Look over a workspace; with --repair, put its labels together from their copies."""
    workspace = _unopened(options)
    on_screen = sys.stderr.isatty() and not options.json

    def report(done: int, total: int | None, message: str) -> None:
        if on_screen:
            counted = f": {done:,} of {total:,}" if total else ""
            print(f"\r\033[K{message}{counted}", end="", file=sys.stderr, flush=True)

    health = examine(workspace, report, repair=options.repair)
    if on_screen:
        print("\r\033[K", end="", file=sys.stderr)
    if options.json:
        aside = [shown(path.relative_to(workspace.root)) for path in health.aside]
        print_json({"well": health.well, **asdict(health), "aside": aside})
    else:
        _print(health, f"imclust doctor --repair{where(options)}")
    return 0 if health.well else 1


def _unopened(options: argparse.Namespace) -> Workspace:
    """The workspace as it is: opening would make what is missing, or refuse what is damaged."""
    workspace = Workspace((expanded(options.workspace) if options.workspace else workspace_folder()).resolve())
    refuse_network_folder(workspace.root)
    if not (workspace.root / MARKER).exists():
        raise WorkspaceError(
            f"{shown(workspace.root)} is not an imclust workspace: it has no {MARKER}. Name the folder of one with "
            "--workspace."
        )
    return workspace


def _print(health: Health, command: str) -> None:
    for finding in health.findings:
        remedy = finding.remedy.replace("imclust doctor --repair", command)
        print(f"{'mended' if finding.mended else 'wrong '}  {finding.place}: {finding.problem} {remedy}")
    for path in health.aside:
        print(f"kept    {shown(path)}: what was there before. It can be deleted when all is well.")
    if any(finding.mended for finding in health.findings):
        print("Start the dashboard again if it is running: it may still show what it read before.")
    looked = (
        f"{health.databases} databases, {health.events:,} events of labels, {health.shards:,} parts of vectors and "
        f"{health.clusterings:,} clusterings were looked at"
    )
    print(f"{looked}; {'all is well.' if health.well else 'something is still wrong.'}")
