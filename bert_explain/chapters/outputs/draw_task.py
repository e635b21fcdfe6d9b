"""At the end of the walk: which head for a task of its own stands on the model, and the page that shows its numbers."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.analysis.task_head import task_of
from bert_explain.core.spec import ModelSpec
from bert_explain.ui import stages, state
from bert_explain.ui.frame import Page
from bert_explain.ui.picture import picture
from bert_explain.ui.printing import sheet


def look(spec: ModelSpec) -> Sentence:
    """What stands on the vectors of this page."""
    task = task_of(spec)
    reads = "every token's vector" if task.kind in ("token", "span") else "the vector of the first token"
    return say("Behind these vectors stands a task head. It reads {reads}, and {gives}.", reads=reads, gives=task.gives)


def table(spec: ModelSpec) -> pd.DataFrame:
    """The head's outputs by their names."""
    task = task_of(spec)
    return pd.DataFrame({"output": task.names or ("start of an answer", "end of an answer"), "head": task.architecture or "–"})


def draw(page: Page) -> None:
    """The head in a sentence, its outputs, and the way to its numbers."""
    spec = page.model.spec
    found = table(spec)
    with picture("task", "The task head", look=look(spec), table=lambda: found):
        sheet(found.head(12), hide_index=True, key="task-outputs")
        if len(found) > 12:
            st.caption(f"The first 12 of {len(found)} outputs; the table has all.")
    stage = stages.of_chapter("any_task")
    st.page_link(
        stage.file, label="What it says of your text", query_params=state.address(stage.name), icon=":material/arrow_forward:"
    )
