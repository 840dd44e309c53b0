"""The gate: nothing is shown to anybody who has not signed in, when sign-in is set up.

Off by default. An `[auth]` section in .streamlit/secrets.toml turns it on; `[imclust] allowed_emails`
limits who may enter, for providers that know more people than should.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from imclust_core.annotation.text import MOST_AUTHOR, clean
from imclust_core.errors import ImclustError
from pages.parts.kit.text import plain

AUTHOR = "desk_author"
"""Where the session's state keeps who people said they are."""


def _secrets(section: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = st.secrets.get(section, {})
    except StreamlitSecretNotFoundError as error:
        # The same error for no file and for one with a slip in it; only the first may mean "open to all".
        if any(Path(file).exists() for file in st.get_option("secrets.files")):
            raise ImclustError(
                "The server's secrets file cannot be read, so nobody can be let in. Whoever runs the server should "
                "check secrets.toml for a slip."
            ) from error
        return {}
    return found


def sign_in_is_on() -> bool:
    """Whether this server asks people to sign in."""
    if _secrets("auth"):
        return True
    if _secrets("imclust").get("allowed_emails") is not None:
        raise ImclustError(
            "The server's secrets list who may enter but have no [auth] section to ask who is there. Whoever runs the "
            "server should add it."
        )
    return False


def pass_gate() -> None:
    """Go on for people who may enter; for all others show how to sign in, and stop the script."""
    if not sign_in_is_on():
        return
    if not st.user.is_logged_in:
        st.title("Sign in to imclust")
        st.write("This server shows images only to people it knows.")
        st.button("Sign in", type="primary", on_click=st.login)
        st.stop()
    allowed = _secrets("imclust").get("allowed_emails")
    email = str(st.user.get("email") or "")
    if allowed is not None and email.lower() not in {str(one).lower() for one in allowed}:
        st.title("No access")
        st.write(f"{plain(email)} is signed in but not on this server's list. Ask whoever runs it to add you.")
        st.button("Sign out", on_click=st.logout)
        st.stop()


def person() -> str:
    """Who is signed in, to be written beside what they decide; empty where nobody has to sign in."""
    return str(st.user.get("email") or st.user.get("name") or "") if sign_in_is_on() and st.user.is_logged_in else ""


def author() -> str:
    """Who is working here: who signed in, or else who people said they are."""
    return clean((person() or str(st.session_state.get(AUTHOR, "")))[:MOST_AUTHOR], MOST_AUTHOR, "Your name")


def show_person() -> None:
    """In the sidebar: who is signed in, and the way out."""
    if sign_in_is_on() and st.user.is_logged_in:
        st.caption(f"Signed in as {plain(str(st.user.get('name') or st.user.get('email') or ''))}")
        st.button("Sign out", on_click=st.logout, type="tertiary")
