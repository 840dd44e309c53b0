"""The URL as a browser holds it, for pages that are tested without one."""

from collections.abc import Mapping


class Browser(dict[str, str]):
    """The address as the request that is being answered brought it. steps: what it became with each thing told."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[dict[str, str]] = []

    def update(self, values: Mapping[str, str]) -> None:  # type: ignore[override]
        assert "page" not in values, "Streamlit refuses to be told what one of its widgets tells"
        super().update(values)
        self.steps.append(dict(self))

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self.steps.append(dict(self))
