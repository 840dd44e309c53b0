"""The workspace and its databases: where they may be, how they grow, and what is refused plainly."""

import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from imclust_core.config import check_folder
from imclust_core.errors import CollectionError, FolderError, WorkspaceError
from imclust_core.store.collections import (
    add_collection,
    collection,
    collections,
    remove_collection,
    rename_collection,
    restore_collection,
)
from imclust_core.store.database import (
    Migration,
    connect,
    journal_mode,
    migrate,
    refuse_network_folder,
    write_atomically,
    writing,
)
from imclust_core.store.workspace import Workspace
from tests.helpers.cases import case

ONE = Migration("0001_one", ("CREATE TABLE t (x INTEGER)",))
TWO = Migration("0002_two", ("ALTER TABLE t ADD COLUMN y INTEGER", "INSERT INTO t VALUES (1, 2)"))


def held(path: Path) -> list[tuple[object, ...]]:
    with closing(connect(path)) as db:
        return [tuple(row) for row in db.execute("SELECT * FROM t")]


def test_wal_is_used_only_where_sqlite_is_safe_with_it_and_network_file_systems_are_refused() -> None:
    for version, mode in {(3, 40, 1): "DELETE", (3, 51, 2): "DELETE", (3, 51, 3): "WAL", (3, 53, 0): "WAL"}.items():
        assert journal_mode(version) == mode, version
    for folder in ("/mnt/nfs/imclust", "/mnt/my nas/imclust", "/mnt/ssh/x", "/mnt/vm/x", "\\\\nas\\photos"):
        with case(folder), pytest.raises(WorkspaceError, match="IMCLUST_WORKSPACE"):
            refuse_network_folder(Path(folder), MOUNTS)
    for folder in ("/home/me/imclust", "/mnt/nfs/local/imclust", "/mnt/nfsother", "/mnt/ntfs/x"):
        refuse_network_folder(Path(folder), MOUNTS)


def test_migrations_run_once_each_and_in_order_or_leave_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    migrate(path, [ONE])
    with pytest.raises(WorkspaceError, match="cannot be used"):
        migrate(path, [ONE, Migration("0002_bad", ("INSERT INTO t VALUES (7)", "NOT SQL"))])
    with closing(connect(path)) as db:
        assert db.execute("SELECT count(*) FROM migrations").fetchone()[0] == 1
    with pytest.raises(RuntimeError), writing(path) as db:
        db.execute("INSERT INTO t VALUES (1)")
        raise RuntimeError
    assert held(path) == []
    for _ in range(2):
        migrate(path, [ONE, TWO])
        assert held(path) == [(1, 2)]
    before = path.read_bytes()
    with pytest.raises(WorkspaceError, match=r"newer imclust.*Upgrade"):
        migrate(path, [ONE])
    assert path.read_bytes() == before


def test_many_processes_may_migrate_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: migrate(tmp_path / "a.db", [ONE, TWO]), range(8)))


MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/export /mnt/nfs nfs4 rw 0 0
//nas/photos /mnt/my\\040nas cifs rw 0 0
/dev/sdb /mnt/nfs/local ext4 rw 0 0
user@host:/ /mnt/ssh fuse.sshfs rw 0 0
share /mnt/vm 9p rw 0 0
/dev/sdc /mnt/ntfs fuseblk rw 0 0
"""


def test_a_folder_with_other_files_and_one_that_cannot_be_written_are_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("precious")
    with pytest.raises(WorkspaceError, match="empty or new folder"):
        Workspace.open(tmp_path)
    with pytest.raises(WorkspaceError, match="IMCLUST_WORKSPACE"):
        Workspace.open(tmp_path / "thesis.doc" / "workspace")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_the_workspace_and_its_one_key_are_for_their_owner_alone_and_files_are_replaced_whole(
    workspace: Workspace, tmp_path: Path
) -> None:
    assert workspace.signing_key() == workspace.signing_key() == Workspace.open(workspace.root).signing_key()
    assert stat.S_IMODE(workspace.root.stat().st_mode) == 0o700
    assert stat.S_IMODE((workspace.root / "signing.key").stat().st_mode) == 0o600
    (tmp_path / "folder").mkdir()
    for data in (b"old", b"new"):
        write_atomically(tmp_path / "folder" / "a", data)
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "folder").iterdir()] == [("a", b"new")], "no scraps"


def test_a_bad_path_is_refused_with_what_to_do() -> None:
    for message, texts in {
        "No folder was given": ("", "   "),
        "relative path": ("photos", "../photos"),
        "does not exist": ("/no/such/folder",),
        "is a file": ("/etc/hostname",),
        "whole disk": ("/",),
        "home": ("~no-such-user/photos",),
        "not a local folder": ("\\\\server\\share", "//server/share", "/data/\0x"),
    }.items():
        for text in texts:
            with case(text), pytest.raises(FolderError, match=message):
                check_folder(text)


def test_roots_limit_whatever_the_spelling_and_of_a_workspace_only_samples_open(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in (".", "thumbnails", "uploads"):
        with pytest.raises(WorkspaceError, match="own workspace"):
            workspace.open_folder(str(workspace.root / where))
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside / "photos", outside, Path(f"{inside}-not"), workspace.samples / "photographs"):
        folder.mkdir(parents=True)
    (inside / "link").symlink_to(outside)
    monkeypatch.setenv("IMCLUST_ROOTS", f"{inside}{os.pathsep}{tmp_path / 'third'}")
    for folder in (inside / "photos", workspace.samples / "photographs"):
        assert workspace.open_folder(str(folder)) == folder
    for text in (outside, inside / "link", inside / ".." / "outside", f"{inside}-not", "/"):
        with case(text), pytest.raises(FolderError, match="IMCLUST_ROOTS"):
            workspace.open_folder(str(text))


def test_a_folder_is_opened_under_its_very_name(workspace: Workspace, tmp_path: Path) -> None:
    for name in ("ends in a blank ", "ends in a quote'"):
        for one in (name, name[:-1]):
            (tmp_path / one).mkdir()
        assert workspace.open_folder(str(tmp_path / name)).name == name
        assert workspace.open_folder(f'  "{tmp_path / name[:-1]}"').name == name[:-1]


def test_reading_a_deleted_workspace_leaves_nothing_behind(workspace: Workspace) -> None:
    shutil.rmtree(workspace.root)
    workspace.root.mkdir()
    with pytest.raises(WorkspaceError, match="cannot be used"):
        collections(workspace)
    assert list(workspace.root.iterdir()) == []


def test_one_folder_is_one_collection_until_it_is_removed_and_never_without_a_name(
    workspace: Workspace, photos: Path
) -> None:
    first = add_collection(workspace, photos)
    assert add_collection(workspace, photos).id == first.id
    rename_collection(workspace, first.id, "  Birds\n of  2018 ")
    assert collection(workspace, first.id).name == "Birds of 2018"
    with pytest.raises(CollectionError, match="needs a name"):
        rename_collection(workspace, first.id, "  ")
    remove_collection(workspace, first.id)
    assert collections(workspace) == []
    assert [one.id for one in collections(workspace, removed=True)] == [first.id]
    with pytest.raises(CollectionError, match="removed"):
        collection(workspace, first.id)
    second = add_collection(workspace, photos)
    assert second.id != first.id
    with pytest.raises(CollectionError, match="opened again"):
        restore_collection(workspace, first.id)
    remove_collection(workspace, second.id)
    restore_collection(workspace, first.id)
    assert collection(workspace, first.id).folder == photos
