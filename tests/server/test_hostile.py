"""Five hundred hostile inputs against a live server; `make hostile` tries ten thousand. The judge itself is tried first."""

import random

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.hostile import inputs, watched
from tests.hostile.judge import wrong
from tests.hostile.run import against_a_server


@pytest.mark.rest
def test_five_hundred_hostile_inputs():
    report = against_a_server(500, seed=7)
    assert sum(report.tried.values()) == 500
    assert report.clean, report.said()


def of(kind: str, **said) -> ForwardMsg:
    message = ForwardMsg()
    element = getattr(message.delta.new_element, kind)
    for name, value in said.items():
        setattr(element, name, value)
    return message


@pytest.mark.parametrize(
    "atom", [a for a in inputs.ATOMS if inputs.MARK in a and a.startswith(("<", "</")) and not a.startswith("<!--")]
)
def test_the_judge_sees_an_element_in_html(atom):
    if "evil" in atom and atom.startswith("<https"):
        return  # a link of Markdown's, no element
    assert wrong(of("html", body=f"<p>{atom}</p>"))


@pytest.mark.parametrize("atom", [a for a in inputs.ATOMS if a.startswith(("[zzq]", "![", "$", ":material", ":red", "<script"))])
def test_the_judge_sees_what_markdown_would_make(atom):
    if atom == "${7*7}":
        return
    assert wrong(of("markdown", body=atom)) or atom.startswith("$$") is None
    from bert_explain.kernel.text import markdown

    assert not wrong(of("markdown", body=markdown(atom)))
    assert wrong(of("button", label=atom))


def test_the_judge_sees_an_error_and_passes_the_apps_own():
    assert wrong(of("exception", type="ValueError", message="x"))
    assert not wrong(of("html", body='<p class="look">Look at <b>bank</b>.</p>'))
    assert not wrong(of("markdown", body="In every layer **heads** look, $x$."))


def test_the_watcher_knows_what_is_outside():
    for host, is_outside in (("127.0.0.1", False), ("localhost", False), ("::1", False), ("10.0.0.1", True), ("a.example", True)):
        assert bool(watched.outside("socket.getaddrinfo", (host, 80))) is is_outside
    assert watched.outside("socket.connect", (None, ("8.8.8.8", 53))) == "8.8.8.8"
    assert watched.outside("socket.connect", (None, "/run/socket")) is None


def test_a_seed_gives_the_same_inputs():
    def made(seed):
        rng = random.Random(seed)
        return [inputs.text(rng), inputs.link(rng), inputs.csv_file(rng), inputs.vector_file(rng)[0], inputs.settings_file(rng)]

    assert made(3) == made(3)
    assert made(3) != made(4)
