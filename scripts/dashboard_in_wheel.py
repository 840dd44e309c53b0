"""What the wheel holds beside the package: the dashboard, in a folder of its own inside it."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DashboardInWheel(BuildHookInterface[Any]):
    """In the checkout app.py and pages/ stand at the top; in somebody's environment they must not."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling. An editable install takes the dashboard from the checkout."""
        if version == "standard":
            for name in ("app.py", "pages", ".streamlit/config.toml"):
                build_data["force_include"][name] = f"imclust_core/dashboard/{name}"
