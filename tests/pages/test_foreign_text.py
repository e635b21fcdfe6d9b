"""What a reader types, and what a file is called or holds, is shown letter by letter: never read as Markdown, HTML or Plotly's
own tags, in no chapter and no step.
"""

import re
import time
from html import escape
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from transformers import BertConfig, BertForPreTraining

from bert_explain import chapters, models
from bert_explain.kernel.text import markdown
from bert_explain.models import vectors
from bert_explain.ui.packed import PackedText
from bert_explain.ui.stages import STAGES, USING
from tests.elements import html_texts, markdown_texts, plotly_texts, texts
from tests.thorough import part
from tests.whole import whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
# Formula, icon, link, HTML, both emphases, code; a gap of a template; a number of a list, an arrow.
HOSTILE = "$x$ :smile: [link](http://x) <b>b</b> *a* _b_ `c` {z} %{y} -> 1. #h"
READ = re.compile(
    r"(?<!\\)\$x(?<!\\)\$|(?<![\\:])(?<!\u2060):smile:|(?<!\\)\[link(?<!\\)\]\(|(?<!\\)<b>b|(?<!\\)\*a(?<!\\)\*|(?<!\\)_b(?<!\\)_|(?<!\\)`c"
)
QUOTED = re.compile(r"[“\"][$*_`\[<~#>][”\"]")  # a token that is a mark, in quotation marks of ours
PACK = PackedText("any").show
TYPED = {
    "a": HOSTILE,
    "b": f"B {HOSTILE}",
    "word": "*a*",
    "own": "<b>b</b>",
    "find": "<b>b</b>",
    "learn": PACK(f"{HOSTILE} " * 30),
    "watch": PACK(HOSTILE),
    "list": PACK(HOSTILE),
    "one": "*a*",
    "other": f"_b_ {HOSTILE}",
    "sum": "king - *a* + _b_",
    "made": "<b>b</b>",
    "entry": "*a*",
    "was": PACK(HOSTILE),
}
LABELLED = PACK(f"<b>b</b> | bank {HOSTILE}\n*a* | bank {HOSTILE}\n$x$ | a bank {HOSTILE}\n_b_ | the bank {HOSTILE}")
PAGES = [stage for stage in STAGES if stage.path]
QUESTIONS = [(stage, step) for stage in PAGES for step in chapters.load(stage.chapter).every if step.asks is not None]
# What decides those of the last group is a training or a probe: two of them in make rest.
ASKED = [one for one in QUESTIONS if one[0].group != USING] + list(part([q for q in QUESTIONS if q[0].group == USING], 1, 7))
each_page = pytest.mark.parametrize("stage", PAGES, ids=[stage.chapter for stage in PAGES])


def opened(stage, **params: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=200)
    for name, value in params.items():
        at.query_params[name] = value
    if stage.path:
        at.switch_page(stage.file)
    at.run()
    assert not at.exception
    return at


def read_as_more_than_text(at: AppTest) -> list[str]:
    """Where somebody's text would be read as Markdown, HTML or Plotly's tags; with what."""
    found = [f"{where}: {text[:200]}" for where, text in markdown_texts(at) if READ.search(_without_formulas(text))]
    found += [f"{where}: {text[:200]}" for where, text in markdown_texts(at) if QUOTED.search(text)]
    found += [f"html: {text[:200]}" for text in html_texts(at) if re.search(r"<b>b(?![a-z])", text) or 'href="http://x' in text]
    found += [
        f"plotly {name}: {text[:200]}"
        for name, text in plotly_texts(at)
        if "<b>b" in text or ("template" in name and "%{y} -" in text)
    ]
    return found


def _without_formulas(text: str) -> str:
    """The app's own prose has formulas with an $x$ of their own in it: paragraphs of it, without any word of a reader's."""
    return re.sub(r"(?<!\\)\$x\$(?! \\?:smile)", "", text)


def test_what_is_looked_for_is_found():
    """Each way in which it can be wrong, on a page that does it."""

    def wrong(text: str) -> None:
        import plotly.graph_objects as go
        import streamlit as st

        st.caption(text)
        st.button(f"“{text}”", help=text)
        st.expander(text).write("")
        st.radio("of", [text])
        st.pills("of", [text])
        st.progress(0.5, text)
        st.html(f"<p>{text}</p>")
        st.plotly_chart(go.Figure(layout={"title": {"text": text}}))
        st.caption("It looks at “$” most.")

    at = AppTest.from_function(wrong, args=(HOSTILE,)).run()
    found = read_as_more_than_text(at)
    kinds = {line.split(":")[0].split(" ")[0] for line in found}
    assert kinds == {
        "caption.body",
        "button.label",
        "button.help",
        "expander.label",
        "radio.options",
        "button_group.options.content",
        "progress.text",
        "html",
        "plotly",
    }
    for fragment in ("$x$ :smile:", ":smile:", "[link](http://x)", "<b>b</b>", "*a*", "_b_", "`c`"):
        assert READ.search(fragment)
    assert any("“$”" in line for line in found)


@pytest.mark.slow
@each_page
def test_no_chapter_reads_what_a_reader_typed(stage):
    given = TYPED | ({"set": "your own", "word": "bank", "lines": LABELLED} if stage.chapter == "same_word" else {})
    at = AppTest.from_file(APP, default_timeout=200)
    for name, value in given.items():
        at.query_params[name] = value
    at.switch_page(stage.file)
    whole(at).run()
    assert not at.exception
    assert any("smile" in text for text in html_texts(at))  # it is there
    assert read_as_more_than_text(at) == []


@pytest.mark.rest
@each_page
def test_no_chapter_reads_a_mark_that_is_looked_at(stage):
    """The tokens that the pictures are about are the marks themselves, some hidden, one replaced."""
    for token in part((1, 6, 15), PAGES.index(stage) % 3, 3):
        at = AppTest.from_file(APP, default_timeout=200)
        for name, value in {**TYPED, "token": str(token), "mask": "2,17", "put": "6.1002"}.items():
            at.query_params[name] = value
        at.switch_page(stage.file)
        whole(at).run()
        assert not at.exception
        assert read_as_more_than_text(at) == []


@pytest.mark.rest
@pytest.mark.usefixtures("short_trainings")
@pytest.mark.parametrize(("stage", "step"), ASKED, ids=[f"{stage.chapter}-{step.id}" for stage, step in ASKED])
def test_no_question_reads_what_a_reader_typed(stage, step):
    text = f"The cat sat on the $x$ and it *a* slept <b>b</b> because {HOSTILE}"
    at = opened(stage, a=text, b=f"The bank _b_ was {HOSTILE}", step=step.id)
    for _ in range(300):
        if not any("model is being asked" in str(element.proto) for element in at.get("progress")):
            break
        time.sleep(0.1)
        at.run()
    assert not at.exception
    assert read_as_more_than_text(at) == []
    show = next((b for b in at.button if b.label == "just show me"), None)
    if show is not None:
        show.click().run()
        assert not at.exception
        assert read_as_more_than_text(at) == []
        again = next((b for b in at.button if (b.key or "").startswith("break-")), None)
        if again is not None:
            again.click().run()
            assert not at.exception
            assert read_as_more_than_text(at) == []


@pytest.fixture
def named_by_an_enemy(tmp_path, monkeypatch):
    """A model folder and a file of word vectors whose names and words are Markdown and HTML."""
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "the",
        "bank",
        "$x$",
        "*a*",
        "_b_",
        "<b>b",
        "`c`",
        ":smile:",
        "##*a*",
        ".",
    ]
    folder = tmp_path / "$x$ :smile: [link](x) <b>b *a* _b_ `c`"
    folder.mkdir()
    sizes = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "initializer_range": 0.4,
    }
    torch.manual_seed(0)
    BertForPreTraining(BertConfig(vocab_size=len(words), max_position_embeddings=64, **sizes)).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')
    table = tmp_path / "$x$ :smile: <b>b *a* _b_ `c`.txt"
    numbers = np.random.default_rng(0).normal(size=(len(words), 5))
    table.write_text("\n".join(f"{w} {' '.join(f'{x:f}' for x in row)}" for w, row in zip(words, numbers, strict=True)), "utf-8")
    monkeypatch.setenv("BERT_EXPLAIN_MODEL", str(folder))
    monkeypatch.setenv(vectors.ENV_VECTORS, str(table))
    return folder.name, table.name


@pytest.mark.rest
@each_page
def test_no_chapter_reads_what_a_file_is_called_or_holds(stage, named_by_an_enemy):
    model, table = named_by_an_enemy
    at = AppTest.from_file(APP, default_timeout=200)
    given = {"a": "The bank. The bank.", "b": "The bank.", "table": table, "one": "*a*", "other": "_b_", "mask": "2", "find": "*"}
    for name, value in given.items():
        at.query_params[name] = value
    at.switch_page(stage.file)
    whole(at).run()
    assert not at.exception
    assert models.default_name() == model
    if stage.chapter in ("transformer", "vectors"):  # they speak of the model, or of the table, by its name
        assert any(markdown(name) in text or escape(name) in text for name in (model, table) for _, _, text in texts(at))
    assert read_as_more_than_text(at) == []
