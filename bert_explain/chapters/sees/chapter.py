"""What each model sees: one hidden word, five readers: what each was allowed to read, and what it expects there."""

from __future__ import annotations

from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui.frame import Page
from bert_explain.ui.parts import sees

LEAD = (
    "One sentence, one hidden word, five readers. Word2Vec sees a heap of neighbours. ELMo's two models read up to the word, "
    "one from the left, one from the right. The decoder reads from the left. BERT reads everything but the word. "
    "**Whoever sees more should guess better**: choose a word, and see where that holds and where it does not."
)


def _draw(page: Page) -> None:
    sees.choose(page)
    sees.depth(page, "fair")


CHAPTER = Chapter(
    id="sees", name="What each model sees", steps=(Step("guess", "Five readers", _draw, lead=LEAD, owns=(sees.K,)),)
)
