"""Addresses of images: made by pages, which stand behind the gate, and checked by the route, which does not.

An address carries a signature that lasts one to two days, and the content's hash so that browsers may
keep the picture for good. Our other routes are guarded in the same way: `proof` and `is_proven`.
"""

import functools
import hashlib
import hmac
import time

from imclust_core.store.catalogue import ImageRow
from imclust_core.store.workspace import Workspace
from pages.parts.kit.assets import base_path

_DAY = 86_400
_NO_IMAGE = 0


def image_address(key: bytes, collection_id: str, image: ImageRow, size: str) -> str:
    """The address of one image at a size ("thumb" or "view"), good in this browser page."""
    until = good_until()
    version, sign = (image.hash or b"").hex()[:16], signature(key, collection_id, image.id, until)
    return f"{base_path()}/image/{collection_id}/{image.id}/{size}?v={version}&until={until}&sign={sign}"


def good_until() -> int:
    """When an address made now ends. The same all day long, so that a page drawn twice gives the same addresses."""
    return (int(time.time()) // _DAY + 2) * _DAY


def signature(key: bytes, collection_id: str, image_id: int, until: int) -> str:
    """The proof that an address was made by a page of this server."""
    text = f"{collection_id}/{image_id}/{until}".encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()[:32]


def is_signed(key: bytes, collection_id: str, image_id: int, until: str, given: str) -> bool:
    """Whether an address bears a signature of ours that is still good."""
    if not until.isascii() or not until.isdigit() or len(until) > 12 or int(until) < time.time():
        return False
    return hmac.compare_digest(signature(key, collection_id, image_id, int(until)).encode(), given.encode())


def proof(workspace: Workspace, about: str) -> str:
    """The end of the query of an address of ours. about: what the address is good for, and nothing else."""
    until = good_until()
    return f"until={until}&sign={signature(signing_key(workspace), about, _NO_IMAGE, until)}"


def is_proven(workspace: Workspace, about: str, until: str, sign: str) -> bool:
    """Whether an address about this was made by a page of this server and is still good."""
    return is_signed(signing_key(workspace), about, _NO_IMAGE, until, sign)


def every_thumbnail(collection_id: str) -> str:
    """What an address is about that is good for the thumbnails of all images of a collection."""
    return f"images/{collection_id}"


@functools.cache
def signing_key(workspace: Workspace) -> bytes:
    """The workspace's secret, read once per process."""
    return workspace.signing_key()
