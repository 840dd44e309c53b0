"""Scores: as figures with what they mean, and as bars in tables."""

from collections.abc import Iterable
from typing import Any

import streamlit as st


def show_scores(scores: Iterable[tuple[str, str, str]]) -> None:
    """Figures beside each other: (name, value, what it means)."""
    with st.container(horizontal=True, gap="medium"):
        for name, value, meaning in scores:
            st.metric(name, value, width="content", help=meaning)


def share_column() -> Any:
    """A column of shares, as bars."""
    return st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)
