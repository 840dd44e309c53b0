"""What the file system says: names, which are bytes and must be read by people, times, and errors."""

import errno
import os
from pathlib import Path


def display_name(path: bytes) -> str:
    """A path as text a person can read: bytes that are no UTF-8 shown as \\xNN, controls escaped."""
    text = os.fsdecode(path) if os.name == "nt" else path.decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def shown(path: Path) -> str:
    """A folder or file in a message or on a screen, whatever bytes are in its name."""
    return display_name(os.fsencode(path))


def expanded(path: str | os.PathLike[str]) -> Path:
    """A path with `~` as the user's folder; as it is where there is no such user, to be found missing later."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def time_of(facts: os.stat_result) -> int:
    """A file's time of change in nanoseconds, within what a database holds: clocks can be centuries off."""
    return max(-(2**63), min(facts.st_mtime_ns, 2**63 - 1))


def reason_of(error: OSError) -> str:
    """Which reason code an error of the operating system means for a file."""
    return _REASONS.get(error.errno or 0, "io_error")


_REASONS = {
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.ENOENT: "vanished",
    errno.ENOTDIR: "vanished",
    errno.ELOOP: "symlink",
    errno.ENAMETOOLONG: "path_too_long",
    errno.ENXIO: "not_a_file",  # what opening a socket gives
}


def path_of(folder: Path | str, relative: bytes) -> str:
    """The absolute path of a catalogued file, as the operating system wants it."""
    joined = os.path.join(os.fspath(folder), os.fsdecode(relative))
    return os.path.normpath(joined) if os.name == "nt" else joined  # names in the catalogue have "/"
