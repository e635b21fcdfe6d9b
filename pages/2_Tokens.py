"""Tokens: from text to the numbers that the encoder reads."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import tokens

with frame("Tokens") as page:
    st.title("Tokens")
    st.markdown(
        f"BERT does not read words. It reads **pieces** from a list of {len(page.model.tokenizer):,}, its **vocabulary**. A "
        "common word is one piece; a rare one is put together from several. Every piece has a number, its **id**, and the ids "
        "are all that the model ever sees of your text. Pieces and the two special marks together are called **tokens**."
    )

    @page.part
    def wordpiece() -> None:
        tokens.pieces(page)
        tokens.look_ups(page)

    wordpiece()
    with st.expander("The rule, in steps"):
        st.markdown(
            "The rule is called **greedy longest-match-first**, and the pieces **WordPiece**.\n\n"
            "1. Clean the text, then split it at spaces and around every punctuation mark.\n"
            "2. Of each word, look up the whole. Not there? Drop the last character and look again.\n"
            "3. Take the first prefix that is there. Go on with the rest, now with `##` in front: it continues a word.\n"
            "4. If not even one character is found, the whole word becomes `[UNK]`, unknown. So does a word of more than "
            f"{page.model.wordpiece.model.max_input_chars_per_word} characters.\n\n"
            "For the rest of a word $w$ from character $i$ on, the piece is $w_{i:j}$ with "
            "$j = \\max\\,\\{\\,j > i : w_{i:j} \\in V\\,\\}$. It is greedy: it never goes back, even where another cut would "
            "need fewer pieces. (Wu et al. 2016; Devlin et al. 2019.)"
        )

    @page.part
    def before() -> None:
        tokens.cleaning(page)
        tokens.unknown(page)

    before()

    @page.part
    def told() -> None:
        tokens.told(page)
        tokens.padding(page)

    told()
    with st.expander("Why [CLS] and [SEP]"):
        st.markdown(
            "They are pieces of the vocabulary that never come from your text.\n\n"
            "- `[CLS]`, for classification, stands in front. It means no word, so it is free to gather what the whole text "
            "says; the next-sentence prediction and most classifiers read only the vector at its place.\n"
            "- `[SEP]`, for separator, ends each sentence. Together with the **segment**, 0 in the first sentence and 1 in "
            "the second, it tells the model where one stops and the other begins.\n\n"
            "BERT was trained with both, on every text, so it expects them. (Devlin et al. 2019, section 3.)"
        )
    with st.expander("What the attention mask does"):
        st.markdown(
            "Texts that are computed together form a rectangle of numbers, a **batch**; shorter ones are filled up with "
            "`[PAD]`. So that no token looks at the filling, the scores of attention get $-\\infty$ in the columns where "
            "the mask is 0, and after the softmax their weight is $e^{-\\infty} = 0$. This walk reads one text at a time: "
            "nothing is padded, and its mask is 1 everywhere."
        )

    @page.part
    def vocabulary() -> None:
        tokens.ways(page)
        tokens.search(page)

    vocabulary()
