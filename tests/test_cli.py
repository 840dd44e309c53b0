"""The command line, run as a stranger would: another process, its output and its exit code."""

import json
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from imclust_core.cli import _parser
from imclust_core.jobs.queue import Queue
from imclust_core.store.collections import collections
from imclust_core.store.workspace import Workspace
from tests.conftest import wait_for
from tests.helpers.cases import case
from tests.helpers.command import ROOT, imclust, imclust_here
from tests.helpers.hostile import make_hostile_folder


def test_scan_prints_one_json_object_alone_and_accounts_for_every_file(workspace: Workspace, tmp_path: Path) -> None:
    expected = make_hostile_folder(tmp_path / "hostile")
    done = imclust("scan", tmp_path / "hostile", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert result["collection"] == collections(workspace)[0].id
    assert {"collection", "files", "images", "skipped", "duplicates", "seconds", "files_per_s"} <= set(result)
    reasons = [one.reason for one in expected.values() if one.reason]
    assert result["skipped"] == {reason: reasons.count(reason) for reason in set(reasons)}
    assert result["files"] == len(expected) == result["images"] + sum(result["skipped"].values())


def test_embedding_a_hostile_folder_accounts_for_every_file(workspace: Workspace, tmp_path: Path) -> None:
    expected = make_hostile_folder(tmp_path / "hostile")
    done = imclust("embed", tmp_path / "hostile", "--backbone", "timm:test_resnet", "--random-weights", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    promised = "collection embedding backbone images skipped dim distinct_labels seconds images_per_s"
    assert {*promised.split(), "forward_images_per_s"} <= set(result)
    assert len(expected) == result["images"] + sum(result["skipped"].values())
    assert result["random_weights"] and result["dim"] == 96
    again = imclust_here("embed", tmp_path / "hostile", "--backbone", "timm:test_resnet", "--random-weights")
    assert "nothing was left to embed" in again.stdout and "(random weights)" in again.stdout


def test_a_request_that_cannot_be_is_refused_before_anything_is_scanned(workspace: Workspace, photos: Path) -> None:
    for options, message in (
        (["--backbone", "resnet5O"], "Did you mean resnet50"),
        (["--backbone", "resnet18", "--weights", "/no/such/file.pth"], "There is no file"),
        (["--random-weights"], "Name the backbone"),
    ):
        done = imclust_here("embed", photos, "--json", *options)
        with case(message):
            assert done.returncode == 1 and message in done.stderr
            assert json.loads(done.stdout)["reason"] == "backbone" and collections(workspace) == []


def test_a_relative_folder_is_one_from_here_and_a_workspace_can_be_given(
    workspace: Workspace, photos: Path, tmp_path: Path
) -> None:
    done = imclust("scan", "photos", "--workspace", tmp_path / "other", "--json", cwd=photos.parent)
    assert done.returncode == 0 and json.loads(done.stdout)["images"] == 12
    assert collections(workspace) == [] and len(collections(Workspace.open(tmp_path / "other"))) == 1


BAD = (
    (["scan", "/no/such/folder"], 1, "does not exist"),
    (["scan", "/etc/hostname"], 1, "is a file"),
    (["scan"], 2, "required"),
    (["nonsense"], 2, "invalid choice"),
    ([], 2, "required"),
    (["jobs", "--cancel", "nope"], 1, "no job 'nope'"),
    (["ui", "--collection", "nope"], 1, "no collection 'nope'"),
    (["ui", "--port", "many"], 2, "invalid int"),
    *((["ui", "--base-path", base], 1, f"'{base}' is no base path") for base in ("a b", "..", "a//b", "x?y")),
)


def test_bad_arguments_exit_with_their_code_and_a_message_on_stderr(workspace: Workspace) -> None:
    for arguments, code, said in BAD:
        done = (imclust if not arguments else imclust_here)(*arguments)
        with case(arguments):
            assert (done.returncode, done.stdout) == (code, "")
            assert said in done.stderr and "Traceback" not in done.stderr
    done = imclust("scan", "/no/such/folder", "--json")
    assert done.returncode == 1 and "does not exist" in json.loads(done.stdout)["error"]


def test_collections_jobs_and_a_lost_drive_are_told_to_programs_and_people(workspace: Workspace, photos: Path) -> None:
    def told(*asked: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(imclust_here(*asked, "--json").stdout)
        return found

    assert told("collections") == {"collections": []}
    (photos / "empty.jpg").touch()
    done = imclust_here("scan", photos, "--name", "Birds")
    assert done.returncode == 0 and "imclust ui --collection" in done.stdout
    assert "12 images of 13 files" in done.stdout and "empty: The file has no bytes." in done.stdout
    (row,) = told("collections")["collections"]
    assert (row["name"], row["images"], row["folder"]) == ("Birds", 12, str(photos))
    (job,) = told("jobs")["jobs"]
    assert (job["kind"], job["state"], job["result"]["images"]) == ("scan", "done", 12)
    for path in photos.rglob("*.jpg"):
        path.unlink()
    done = imclust_here("scan", photos, "--json")
    assert (done.returncode, json.loads(done.stdout)["reason"]) == (1, "source_unavailable")
    (job, _) = told("jobs")["jobs"]
    assert (job["state"], job["reason"]) == ("paused", "source_unavailable")


def test_sample_makes_the_folder(workspace: Workspace, tmp_path: Path) -> None:
    done = imclust_here("sample", tmp_path / "s", "--json")
    assert json.loads(done.stdout) == {"folder": str(tmp_path / "s"), "images": 306}
    assert len(list((tmp_path / "s").glob("*.jpg"))) == 306


def test_ctrl_c_cancels_the_scan_and_says_so(workspace: Workspace, many_photos: Path) -> None:
    command = [sys.executable, "-m", "imclust_core", "scan", str(many_photos)]
    listening = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # what runs in the background may not be
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, preexec_fn=listening
    ) as process:
        # Whoever waits for its first rows may find, on a busy machine, that it has ended.
        wait_for(lambda: any(job.state == "running" for job in Queue(workspace).recent()), what="the scan to begin")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1 and "stopped" in said and "Traceback" not in said
    (job,) = Queue(workspace).recent()
    wait_for(lambda: Queue(workspace).job(job.id).state == "cancelled", what="the job to be cancelled")


def test_every_command_and_option_has_help_and_stands_in_the_documentation() -> None:
    documented = (ROOT / "docs" / "command-line.md").read_text()
    (commands,) = [action for action in _parser()._actions if action.dest == "==SUPPRESS=="] or [
        action for action in _parser()._actions if hasattr(action, "choices") and action.choices
    ]
    for name, sub in commands.choices.items():
        assert sub.description
        assert f"imclust {name}" in documented
        for action in sub._actions:
            for option in action.option_strings:
                assert action.help
                if option not in ("-h", "--help"):
                    assert option in documented, f"{name} {option}"


def test_commands_in_the_readme_exist() -> None:
    known = set(re.findall(r"^## `imclust (\w+)", (ROOT / "docs" / "command-line.md").read_text(), re.M))
    readme = (ROOT / "README.md").read_text()
    used = set(re.findall(r"(?:^|`)imclust ([a-z]+)\b", readme, re.M))
    used |= set(re.findall(r"-m imclust_core ([a-z]+)\b", readme))
    assert used <= known and {"ui", "scan"} <= used
