"""Scores: as figures with what they mean, and as bars in tables."""

from collections.abc import Iterable
from typing import Any

import streamlit as st

from imclust_core.clustering.stability import SHAKY, STABLE


def show_scores(scores: Iterable[tuple[str, str, str]]) -> None:
    """Figures beside each other: (name, value, what it means)."""
    with st.container(horizontal=True, gap="medium"):
        for name, value, meaning in scores:
            st.metric(name, value, width="content", help=meaning)


def share_column() -> Any:
    """A column of shares, as bars."""
    return st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)


def stability_text(value: float | None) -> str:
    """How far a cluster comes back when part of the images is clustered anew, in a word and as a number."""
    if value is None:
        return "stability not tested"
    word = "stable" if value >= STABLE else "fairly stable" if value >= SHAKY else "shaky"
    return f"{word}, {value:.2f}"
