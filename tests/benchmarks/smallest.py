"""The smallest possible Streamlit app, served as the real one is, and a clock for what is painted."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SMALLEST = """
import streamlit as st
text = st.text_input("Sentence A", "She walked to the bank.")
st.text(f"{len(text)} characters: {text}")
"""

# Every change of the page, in shadow roots too, is noted with its time.
WATCH_PAINT = """(() => {
  const seen = new WeakSet();
  const note = () => { window.lastChange = performance.now(); };
  const watch = (root) => {
    if (seen.has(root)) return;
    seen.add(root);
    new MutationObserver(note).observe(root, { childList: true, subtree: true, characterData: true, attributes: true });
  };
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) { const root = attach.call(this, options); watch(root); return root; };
  addEventListener('DOMContentLoaded', () => watch(document.documentElement));
  addEventListener('keydown', (e) => { if (e.key === 'Enter') { window.pressed = performance.now(); note(); } }, true);
})()"""

SERVE = (
    "import socket, uvicorn, serve\n"
    "s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP); s.bind(('127.0.0.1', 0)); s.listen()\n"
    "print(s.getsockname()[1], flush=True)\n"
    "uvicorn.Server(uvicorn.Config(serve.app, log_level='warning', ws='websockets-sansio')).run(sockets=[s])\n"
)


@contextmanager
def served(folder: Path, source: str = SMALLEST) -> Iterator[str]:
    """An app of one script on a free port; gives its address."""
    (folder / "app.py").write_text(source, encoding="utf-8")
    (folder / "serve.py").write_text("import streamlit as st\napp = st.App('app.py')\n", encoding="utf-8")
    process = subprocess.Popen([sys.executable, "-c", SERVE], cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait(10)
