"""Input embeddings: token + segment + position = sum, then LayerNorm, number by number."""

from __future__ import annotations

from bert_explain.chapters.embeddings import draw as embeddings
from bert_explain.chapters.embeddings import questions
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui.frame import Page
from bert_explain.ui.picture import aside


def _lead(page: Page) -> str:
    segment = "A second row tells sentence A from B: the **segment**. A third" if page.model.has_segments else "A second row"
    return (
        "A model works with numbers. So each token is looked up in a table: its **row** there is a list of "
        f"{page.model.spec.row_size} numbers, its **embedding**. {segment} tells the place in the "
        "text: the **position**. **They are added, number by number.** Choose a token to follow."
    )


def _sum(page: Page) -> None:
    with aside("Another token", "embeddings"):
        embeddings.choose(page)
    embeddings.one_token(page)


CHAPTER = Chapter(
    id="embeddings",
    name="Input embeddings",
    steps=(
        Step("sum", "The sum", _sum, asks=questions.SUM, lead=_lead, owns=(embeddings.DIMENSION,)),
        Step("away", "Take one away", embeddings.remove, asks=questions.AWAY, owns=(embeddings.WITHOUT, "seg", "pos", "tok")),
    ),
    deeper=(
        Step("over", "Over the text", embeddings.over_text, owns=(embeddings.MEASURE,)),
        Step("same-row", "The nearest rows", embeddings.same_row),
        Step("two-rows", "The two segment rows", embeddings.two_rows),
        Step("positions", "The position table", embeddings.positions, owns=(embeddings.TABLE, embeddings.ROWS)),
    ),
)
