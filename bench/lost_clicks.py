"""How many clicks Streamlit loses when another message follows: two buttons of a plain app, pressed by a script.

    python bench/lost_clicks.py

Why messages of ours that nobody waits for leave room after a click: docs/decisions.md.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.browser.conftest import ARGUMENTS, chromium
from tests.helpers.server import free_port

APP = """
import time
import streamlit as st

def count(name):
    st.session_state[name] += 1

for name in "AB":
    st.session_state.setdefault(name, 0)
    st.button(name, on_click=count, args=(name,))
for line in range(30):
    st.write(line)
    time.sleep(0.005)
st.write(f"counted {st.session_state.A} {st.session_state.B}")
"""
PRESS = """gap => {
  const named = (name) => [...document.querySelectorAll("button")].find((one) => one.innerText.trim() === name)
  const [a, b] = [named("A"), named("B")]
  a.click()
  if (gap) setTimeout(() => b.click(), gap)
  else b.click()
}"""
TIMES = 60


def lost(url: str, gap: int) -> tuple[int, int]:
    """How many first and second clicks of so many were lost, with so many milliseconds between them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        page = browser.new_page()
        page.goto(url)
        page.get_by_text("counted").wait_for(timeout=30_000)
        for number in range(TIMES):
            page.evaluate(PRESS, gap)
            page.wait_for_timeout(120 if number % 2 else 350)
        page.wait_for_timeout(3000)
        _, first, second = page.get_by_text("counted").inner_text().split()
        browser.close()
    return TIMES - int(first), TIMES - int(second)


def main() -> None:
    print("fastReruns | ms between | first clicks lost | second clicks lost")
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "app.py"
        app.write_text(APP)
        for fast in ("true", "false"):
            port = free_port()
            flags = [f"--server.port={port}", "--server.headless=true", f"--runner.fastReruns={fast}"]
            flags += ["--server.address=127.0.0.1", "--browser.gatherUsageStats=false"]
            server = subprocess.Popen([sys.executable, "-m", "streamlit", "run", str(app), *flags], cwd=folder)
            try:
                time.sleep(5)
                for gap in (0, 5, 30):
                    first, second = lost(f"http://127.0.0.1:{port}", gap)
                    print(f"{fast:5} | {gap:2} | {first} of {TIMES} | {second} of {TIMES}", flush=True)
            finally:
                server.terminate()
                server.wait()


if __name__ == "__main__":
    main()
