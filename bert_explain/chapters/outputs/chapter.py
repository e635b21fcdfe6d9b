"""Outputs: one vector a position; cosines by layer, a map, the pooler; download them."""

from __future__ import annotations

from bert_explain.chapters.outputs import draw as outputs
from bert_explain.chapters.outputs import draw_replaced as replaced
from bert_explain.chapters.outputs import draw_task as task
from bert_explain.chapters.outputs import questions
from bert_explain.learning.chapter import Chapter, Need, Step

LEAD = (
    "What leaves BERT is **one vector for each token**: a list of numbers that says what the token means in this "
    "very sentence. Guessing words, judging sentences, searching, sorting: everything built on BERT begins with "
    "these numbers."
)

CHAPTER = Chapter(
    id="outputs",
    name="Outputs",
    steps=(
        Step("vectors", "The vectors", outputs.vectors, asks=questions.HALFWAY, lead=LEAD, owns=(outputs.INPUT,)),
        Step("alike", "Which are alike", outputs.alike, asks=questions.POOLED, owns=(outputs.WITH,)),
    ),
    deeper=(
        Step(
            "replaced",
            "Replaced or not",
            replaced.draw,
            needs=(Need.REPLACED,),
            lead=replaced.LEAD,
            numbers=replaced.table,
            reading=replaced.reading,
            code=(replaced.probabilities,),
        ),
        Step("task", "The task head", task.draw, needs=(Need.TASK,)),
        Step("map", "A map", outputs.map_, owns=(outputs.MEASURE,)),
        Step("take", "Take them along", outputs.take, owns=(outputs.READ_OUT, outputs.WEIGHTS)),
    ),
    old_steps={
        ("outputs", "The vectors"): "vectors",
        ("outputs", "Which are alike"): "alike",
        ("outputs", "A map"): "map",
        ("outputs", "Take them along"): "take",
    },
)
