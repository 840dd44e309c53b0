"""A widget of our own: its script is a module, its style and its messages are where everybody finds them."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import streamlit as st

from pages.parts.kit.assets import script_address
from pages.parts.kit.messages import Handler, heard, receive

# Streamlit takes a script as text, which cannot import its neighbours. This one fetches the module and hands over.
_LOADER = """
const script = import(new URL("ADDRESS", location.origin).href)
export default function (component) {
  let stop = null
  let gone = false
  const draw = (module) => gone || (stop = module.default(component))
  const fail = () => component.parentElement.append("This part of the page could not be loaded. Load the page again.")
  script.then(draw, fail)
  return () => {
    gone = true
    stop?.()
  }
}
"""


class Widget:
    """A component whose messages are sent until they are heard; call it to draw it."""

    def __init__(self, module: str, name: str, html: str) -> None:
        """module: `__file__` of the widget's Python file, beside which lie NAME.js and, where it has one, NAME.css."""
        script = Path(module).resolve().with_name(f"{name}.js")
        style = script.with_suffix(".css")
        self._draw = st.components.v2.component(
            f"imclust_{script.parent.name}_{name}",
            html=html,
            css=style.read_text(encoding="utf-8") if style.exists() else None,
            js=_LOADER.replace("ADDRESS", script_address(script)),
        )

    def __call__(self, key: str, data: Mapping[str, Any], on: Mapping[str, Handler] = MappingProxyType({})) -> None:
        """Draw it. on: what is called with the value of a message of this name."""
        self._draw(key=key, data={**data, "heard": heard(key)}, on_messages_change=lambda: receive(key, on))
