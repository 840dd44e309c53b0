"""Addresses of what a network looked at: where the browser asks for it, and where the pictures then are."""

from imclust_core.store.clusterings import Clustering
from imclust_core.store.explanations.saliency import VERSION
from imclust_core.store.workspace import Workspace
from pages.parts.images.address import proof
from pages.parts.kit.assets import base_path


def asking_address(workspace: Workspace, stored: Clustering, visit: str) -> str:
    """Where to ask for looks at images of a clustering; the browser adds target, methods and ids.

    visit: what tells this page from others, letters and digits.
    """
    return f"{base_path()}/looks/{stored.id}?visit={visit}&{proof(workspace, about_looks(stored.id, visit))}"


def picture_address(workspace: Workspace, stored: Clustering, *, colours: str, grey: bool) -> str:
    """Where a picture of one is; the browser puts in {id} and {method}, and adds target, size and v."""
    shown = f"colours={colours}&grey={int(grey)}&made={VERSION}"
    return f"{base_path()}/look/{stored.id}/{{id}}/{{method}}?{shown}&{proof(workspace, about_looks(stored.id))}"


def mean_address(workspace: Workspace, stored: Clustering, number: int, version: int, colours: str) -> str:
    """Where the mean look at a cluster is."""
    shown = f"colours={colours}&version={version}"
    return f"{base_path()}/mean-look/{stored.id}/{number}?{shown}&{proof(workspace, about_looks(stored.id))}"


def about_looks(clustering_id: str, visit: str = "") -> str:
    """What such an address is about. The visit too: nobody has the work of more pages done than were opened."""
    return f"looks/{clustering_id}/{visit}"
