"""One picture from a route of ours, where no grid is called for."""

import streamlit as st

_picture = st.components.v2.component(
    "imclust_picture",
    html="<img>",
    css="img { display: block; border-radius: var(--st-base-radius, 4px); border: 1px solid var(--st-border-color); }",
    js="""export default function ({ data, parentElement }) {
      const img = parentElement.querySelector("img")
      if (img.getAttribute("src") !== data.src) img.src = data.src
      Object.assign(img, { alt: data.alt, width: data.width, height: data.height })
    }""",
)


def show_picture(src: str, alt: str, *, width: int, height: int, key: str) -> None:
    """The picture at an address, as large as it is to be on the screen; alt: what it shows, in words."""
    with st.container(width=width):
        _picture(key=key, data={"src": src, "alt": alt, "width": width, "height": height})
