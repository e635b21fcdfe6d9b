"""Same word, different company: one word in up to twelve sentences under five models."""

from __future__ import annotations

from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui.parts import same_word, same_word_search, same_word_views

LEAD = (
    "“You shall know a word by the company it keeps” (Firth 1957). The bank of a river and the bank with the money "
    "are written alike. A table of **word vectors** has one row for both. **ELMo**, the **decoder** and **BERT** make a new "
    "vector for the word in every sentence: a **contextual** one. Are those of one meaning nearer to each other?"
)

CHAPTER = Chapter(
    id="same_word",
    name="Same word",
    title="Same word, different company",
    steps=(
        Step("sentences", "One word, some sentences", same_word_views.draw, lead=LEAD, owns=(
            same_word.SET, same_word.WORD, same_word.LINES, same_word.FEW, same_word.PICK, same_word.DEEP, same_word_views.SEEN,
        )),
        Step("measured", "Measured on WordNet", same_word_search.headline, owns=(same_word_search.BY,)),
    ),
    deeper=(
        Step("search", "Where else does it mean this?", same_word_search.search, owns=(
            same_word_search.SCOPE, same_word_search.AGAINST, same_word_search.AFTER, same_word_search.ENTRY,
            same_word_search.HITS,
        )),
    ),
)  # fmt: skip
