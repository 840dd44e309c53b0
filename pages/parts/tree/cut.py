"""The cut somebody has made: K, and splits and joins; kept in the address. Which branch is picked, `picks` keeps."""

from dataclasses import dataclass
from typing import Any

from imclust_core.label_tree.tree import JOIN, SPLIT, Edit, Tree, edits_from, edits_text
from pages.parts.session.url_state import asked, keep_all

_K = "k"
_CUT = "cut"


@dataclass(frozen=True)
class CutState:
    """k: where the line is. edits: what was done to branches by hand. branch: the node picked out, or None.

    Links from before there was one pick for all pages name the branch with the cut; it is still read.
    """

    k: int
    edits: tuple[Edit, ...] = ()
    branch: int | None = None


def current_cut(tree_id: str, default: int, most: int) -> CutState:
    """What the address says, or else this visit, and the address follows.

    Branches are those of one tree, so the tree's id stands with them.
    """
    k, made = asked(_K), asked(_CUT)
    keep_all({_K: k, _CUT: made})
    chosen = int(k) if k.isascii() and k.isdigit() and len(k) < 7 else default
    of_tree, _, rest = made.partition(".")
    rest = rest if of_tree == tree_id else ""
    # A number of thousands of digits would be an error by itself.
    branches = [
        int(part[1:])
        for part in rest.split(".")
        if part[:1] == "b" and part[1:].isascii() and part[1:].isdigit() and len(part) < 12
    ]
    return CutState(max(2, min(chosen, most)), edits_from(rest), branches[-1] if branches else None)


def is_asked() -> bool:
    """Whether somebody has set a K, in this visit or in a link."""
    return bool(asked(_K))


def keep_cut(tree_id: str, cut: CutState) -> None:
    """Put a cut into the address, without its branch."""
    keep_all({_K: str(cut.k), _CUT: f"{tree_id}.{edits_text(cut.edits)}" if cut.edits else ""})


def read_cut(told: Any, tree_id: str, most: int, tree: Tree | None) -> CutState | None:
    """What a browser told of the cut of this tree; None for that of another tree, and for what can be none.

    Edits of branches that this tree has not are left out, as they are of an address.
    """
    nodes = range(2 * tree.leaves - 1 if tree is not None else 0)
    match told:
        case {"id": str(of_tree), "k": k, "edits": list(edits), "branch": branch} if of_tree == tree_id:
            if _is_in(k, range(2, most + 1)) and (branch is None or _is_in(branch, nodes)):
                return CutState(k, tuple((one[0], one[1]) for one in edits if _is_edit(one, nodes)), branch)
    return None


def _is_edit(one: Any, nodes: range) -> bool:
    return isinstance(one, list) and len(one) == 2 and one[0] in (SPLIT, JOIN) and _is_in(one[1], nodes)


def _is_in(number: Any, numbers: range) -> bool:
    """Whether it is one of these, and a whole number in earnest: True is none."""
    return type(number) is int and number in numbers
