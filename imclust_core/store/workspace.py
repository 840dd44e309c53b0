"""The one folder that holds everything imclust derives; the analyst's own images stay where they are."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from imclust_core.config import VERSION, check_folder, workspace_folder
from imclust_core.errors import WorkspaceError
from imclust_core.names import expanded, shown
from imclust_core.store.database import migrate, refuse_network_folder, write_atomically
from imclust_core.store.schema import CATALOGUE, LABELS

MARKER = "imclust-workspace.json"
_KEY_BYTES = 32


class _Below:
    """A path below the root of a workspace."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, workspace: "Workspace", _: object) -> Path:
        return workspace.root / self._name


@dataclass(frozen=True)
class Workspace:
    """Where things are in one workspace. Make one with `Workspace.open`."""

    root: Path

    catalogue = _Below("catalog.db")
    jobs = _Below("jobs.db")
    labels = _Below("labels.db")
    label_log = _Below("labels.jsonl")
    logs = _Below("logs")
    thumbnails = _Below("thumbnails")
    embeddings = _Below("embeddings")
    clusterings = _Below("clusterings")
    backups = _Below("backups")
    uploads = _Below("uploads")
    samples = _Below("samples")

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """Folders of images inside the workspace, open to everybody whatever the limits."""
        return (self.uploads, self.samples)

    @classmethod
    def open(cls, folder: str | os.PathLike[str] | None = None) -> "Workspace":
        """Open the workspace in `folder` (by default the configured one), making or migrating what is missing."""
        workspace = cls((expanded(folder) if folder else workspace_folder()).resolve())
        refuse_network_folder(workspace.root)
        try:
            workspace._prepare()
        except OSError as error:
            raise WorkspaceError(
                f"The workspace {shown(workspace.root)} cannot be used ({error.strerror}). Give the user imclust "
                "runs as the right to write there, or set IMCLUST_WORKSPACE to another folder."
            ) from error
        migrate(workspace.catalogue, CATALOGUE)
        workspace._open_labels()
        return workspace

    def _prepare(self) -> None:
        marker = self.root / MARKER
        if not marker.exists():
            if self.root.is_dir() and any(not entry.name.startswith(MARKER) for entry in self.root.iterdir()):
                raise WorkspaceError(
                    f"{shown(self.root)} already holds other files and is not an imclust workspace. Set "
                    "IMCLUST_WORKSPACE to an empty or new folder."
                )
            self.root.mkdir(parents=True, exist_ok=True)
            if os.name == "posix":
                self.root.chmod(0o700)  # thumbnails and names are as private as the images
            write_atomically(marker, json.dumps({"made_by": f"imclust {VERSION}"}).encode())
        for folder in (self.logs, self.thumbnails, self.embeddings, self.clusterings, self.backups, *self.own_folders):
            folder.mkdir(exist_ok=True)

    def _open_labels(self) -> None:
        """Make or migrate the labels; never make them anew where their copies say that there were some."""
        # SQLite takes an empty file for a new database.
        gone = not self.labels.exists() or not self.labels.stat().st_size
        if gone and (self.label_log.exists() or any(self.backups.glob("labels-*.db"))):
            raise WorkspaceError(
                f"{shown(self.labels)}, where names and edits are kept, is gone, but copies of it are here. Run "
                "imclust doctor --repair, which puts it back from them."
            )
        migrate(self.labels, LABELS)

    def open_folder(self, text: str) -> Path:
        """Check a folder of images that a person named, as `check_folder` does, and keep it out of our own."""
        folder = check_folder(text, self.own_folders)
        ours = self.root.resolve()
        if folder.is_relative_to(ours) and not any(
            folder.is_relative_to(own.resolve()) and folder != own.resolve() for own in self.own_folders
        ):
            raise WorkspaceError(
                f"{shown(folder)} belongs to imclust's own workspace. Give a folder of your images instead."
            )
        return folder

    def signing_key(self) -> bytes:
        """The secret that signs image addresses; made once, readable by the owner only."""
        path = self.root / "signing.key"
        if not path.exists() or path.stat().st_size != _KEY_BYTES:
            write_atomically(path, secrets.token_bytes(_KEY_BYTES), mode=0o600)
        return path.read_bytes()
