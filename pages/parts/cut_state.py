"""The cut somebody has made: K, splits and joins, and the branch that is picked out; kept in the address."""

from dataclasses import dataclass

import streamlit as st

from imclust_core.words.tree import Edit, edits_from, edits_text

_K = "k"
_CUT = "cut"
ADDRESS = (_K, _CUT)
"""What of the address belongs to a cut."""


@dataclass(frozen=True)
class CutState:
    """k: where the line is. edits: what was done to branches by hand. branch: the node picked out, or None."""

    k: int
    edits: tuple[Edit, ...] = ()
    branch: int | None = None


def current_cut(tree_id: str, default: int, most: int) -> CutState:
    """What the address says, or else this visit, and the address follows.

    Branches are those of one tree, so the tree's id stands with them.
    """
    k = _asked(_K)
    chosen = int(k) if k.isascii() and k.isdigit() and len(k) < 7 else default
    of_tree, _, rest = _asked(_CUT).partition(".")
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
    return bool(_asked(_K))


def keep_cut(tree_id: str, cut: CutState) -> None:
    """Put a cut into the address."""
    parts = [tree_id, edits_text(cut.edits), f"b{cut.branch}" if cut.branch is not None else ""]
    _put(_K, str(cut.k))
    _put(_CUT, ".".join(filter(None, parts)) if any(parts[1:]) else "")


def _asked(key: str) -> str:
    asked = str(st.query_params.get(key) or st.session_state.get(key) or "")
    _put(key, asked)  # other pages drop it from the address, and it is wanted again on the way back
    return asked


def _put(key: str, value: str) -> None:
    st.session_state[key] = value
    if value and st.query_params.get(key) != value:
        st.query_params[key] = value
    elif not value and key in st.query_params:
        del st.query_params[key]
