"""The Tokens page's own parts: the pieces, the look-ups of one word step by step, the search of the vocabulary."""

from __future__ import annotations

import streamlit as st

from bert_explain.analysis import normalisation, tokens, vocabulary, wordpiece
from bert_explain.chapters.tokens import cuts
from bert_explain.chapters.tokens import figures as figures
from bert_explain.chapters.tokens import merges as byte_merges
from bert_explain.chapters.tokens import padding as batches
from bert_explain.core import byte_letters
from bert_explain.kernel import folding
from bert_explain.kernel.text import csv, markdown
from bert_explain.ui import own, printing, state
from bert_explain.ui.components import bars, token_row
from bert_explain.ui.components.characters import characters
from bert_explain.ui.components.staircase import staircase
from bert_explain.ui.frame import Page
from bert_explain.ui.picture import picture

ALL = 9999  # look-ups: more than any word has (100 characters have at most 5,050)
LOOKUP = state.Number("lookup", 0, ALL, ALL)
WORD = state.Text("word", "", limit=120)
FIND = state.Text("find", "bank", limit=60)
HOW = state.Choice("how", vocabulary.HOW, vocabulary.HOW[0])
ONLY = state.Flag("only", False)
EXAMPLE = "unforgettably"


def pieces(page: Page) -> None:
    """The text as tokens, coloured by word, ids beneath; a click chooses a token."""
    trace = page.trace
    with picture(
        "pieces",
        "Your text as tokens",
        look=tokens.look(trace),
        table=lambda: tokens.table(trace),
        code=(tokens.words,),
        note="Under each piece stands its id: its row in the vocabulary. Choose a piece to see how its word was cut.",
    ):
        token_row(
            trace.tokens,
            key="pieces",
            label="Tokens with their ids",
            chosen={_position(page)},
            colour="word",
            notes=[str(t.id) for t in trace.tokens],
            on_pick=_pick,
        )


def _pick(position: int) -> None:
    state.put(token=position)
    state.put(WORD, "")
    state.put(LOOKUP, ALL)


def _position(page: Page) -> int:
    """The reader's token; until one is chosen, that of the word that the vocabulary knows least."""
    word = tokens.telling(page.trace)
    return page.position if state.get("token") is not None or word is None else word.positions[0]


def look_ups(page: Page) -> None:
    """One word's greedy run, as far as the reader has stepped."""
    trace, text = page.trace, state.get(WORD).strip()
    word = tokens.word_at(trace, _position(page))
    typed = tokens.split(trace, text)
    wanted = typed[0] if typed else word.normal if word and not word.special and not text else ""
    run = tokens.walk(trace, wanted)
    step = min(state.get(LOOKUP), len(run.lookups))
    with picture(
        "look-ups",
        "How one word is cut",
        look=tokens.look_run(run, step) if wanted else None,
        table=(lambda: tokens.lookups(run)) if run.lookups else None,
        code=(wordpiece.greedy,),
    ):
        if run.lookups:
            _controls(run, step)
        stairs, beside = st.columns([5, 3], gap="large")
        with stairs:
            if run.lookups:
                label = f"Look-ups for the word {normalisation.visible(wanted)}, in order"
                staircase(
                    figures.staircase(run, step, label=label, mark=vocabulary.prefix(trace.wordpiece)),
                    key="staircase",
                )
            elif not wanted:
                st.text(_nothing(trace.tokens[_position(page)].text, text))
        with beside:
            if wanted:
                _so_far(run, step)
            st.text_input("Any other word", placeholder=f"for example {EXAMPLE}", **state.bind(WORD))
            if len(typed) > 1:
                st.caption("Only the first word of it is cut here.")
            if not text and len(run.lookups) < 2:
                st.button(f"Try “{EXAMPLE}”", key="try-word", on_click=_try)


def merges(page: Page) -> None:
    """One byte-level word, from its bytes to its pieces."""
    trace, text = page.trace, state.get(WORD).strip()
    word = tokens.word_at(trace, _position(page))
    wp = trace.wordpiece
    typed = byte_merges.spelled(wp, f" {text}") if text else []
    spelt = "".join(byte_merges.spelled(wp, byte_letters.text("".join(word.pieces)))[:1]) if word and not word.special else ""
    wanted = typed[0] if typed else spelt
    steps = byte_merges.merged(wanted, byte_merges.ranks(wp))
    found = byte_merges.table(wanted, steps)
    with picture(
        "merges",
        "How one word is put together",
        look=byte_merges.look(wanted, steps) if wanted else None,
        table=(lambda: found) if wanted else None,
        code=(byte_merges.merged,),
        note="Joined is, each time, the pair of neighbours that was joined first when the vocabulary was made from texts.",
    ):
        if wanted:
            st.dataframe(found, hide_index=True, key="merge-table", height=min(420, 38 + 35 * len(found)))
        else:
            st.text(_nothing(trace.tokens[_position(page)].text, text))
        st.text_input("Any other word", placeholder=f"for example {EXAMPLE}", **state.bind(WORD))


def _so_far(run: wordpiece.Run, step: int) -> None:
    done = step == len(run.lookups)
    taken = list(zip(run.pieces, run.ids, strict=True)) if done else [(k.piece, k.id) for k in run.lookups[:step] if k.found]
    st.caption("What the model reads" if done else f"Pieces so far: {len(taken)}")
    if taken:
        token_row(
            [piece for piece, _ in taken],
            key="so-far",
            label="The pieces of this word, with their ids",
            colour="word",
            notes=[str(i) for _, i in taken],
        )


def _try() -> None:
    state.put(WORD, EXAMPLE)
    state.put(LOOKUP, 1)


def _nothing(piece: str, typed: str) -> str:
    if typed:
        return "There is no word in what you typed: nothing is left of it after normalisation."
    return f"{piece} is a special token: it is taken whole. Choose a piece of a word above, or type any word."


def _controls(run: wordpiece.Run, step: int) -> None:
    last = len(run.lookups)
    ends = [n for n, look in enumerate(run.lookups, 1) if look.found and n > step]
    buttons = (
        ("Start over", "first_page", 0, step > 0),
        ("Back", "chevron_left", step - 1, step > 0),
        ("Next", "chevron_right", step + 1, step < last),
        ("Next piece", "keyboard_double_arrow_right", ends[0] if ends else last, step < last),
        ("To the end", "last_page", ALL, step < last),
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="steps"):
        for words, icon, to, possible in buttons:
            st.button(
                words,
                key=f"step-{icon}",
                icon=f":material/{icon}:",
                disabled=not possible,
                on_click=_go,
                args=(min(to, ALL) if to < last else ALL,),
            )
        st.caption(f"Look-up {step} of {last}")


def _go(step: int) -> None:
    state.put(LOOKUP, step)


def cleaning(page: Page) -> None:
    """Every character before and after normalisation, sentence by sentence."""
    trace = page.trace
    wp = trace.wordpiece
    texts = [(s, text) for s, text in zip("AB", (trace.query.text_a, trace.query.text_b), strict=True) if text]
    found = {s: normalisation.characters(wp, text) for s, text in texts}
    everything = [c for s in found for c in found[s]]
    with picture(
        "normalisation",
        "Before the cut, the text is cleaned",
        look=normalisation.look(everything),
        table=lambda: normalisation.table(found),
        code=(normalisation.characters, normalisation.explain),
        note=normalisation.summary(wp, everything),
    ):
        for s, text in texts:
            label = f"Sentence {s}, character by character: typed above, cleaned below"
            st.caption(f"Sentence {s}")
            characters(figures.strip_of_characters(found[s], text, label=label), key=f"characters-{s}")


def unknown(page: Page) -> None:
    """Which characters made words unknown."""
    trace = page.trace
    found = cuts.unknown(trace)
    with picture("unknown", "Unknown characters", look=cuts.look_unknown(trace), code=(cuts.unknown,)):
        if found.empty:
            st.caption("Put an emoji, or a letter of a rare script, into sentence A to see one.")
        else:
            printing.sheet(found, hide_index=True, key="unknown-words", height=min(420, 38 + 35 * len(found)))


def told(page: Page) -> None:
    """The table of everything the model is told about each token; what did not fit."""
    trace = page.trace
    found = tokens.table(trace)
    with picture("told", "What the model is told", look=tokens.look_told(trace), code=(tokens.table,)):
        printing.sheet(found, hide_index=True, key="told-tokens", height=min(420, 38 + 35 * len(found)))
        st.download_button(
            "Download CSV",
            csv(found),
            "tokens.csv",
            "text/csv",
            key="csv-told",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
        )
        if trace.cut:
            lost = cuts.dropped(trace)
            st.caption(
                f"{trace.cut.a + trace.cut.b:,} tokens did not fit: the model has {trace.spec.max_tokens} "
                f"positions. These "
                "words were left out, whole or in part; the longer sentence is cut first."
            )
            printing.sheet(lost, hide_index=True, key="dropped", height=min(260, 38 + 35 * len(lost)))


def padding(page: Page) -> None:
    """The same text in a batch with a shorter one: padding, and the attention mask."""
    rows = batches.batch(page.trace)
    with picture(
        "padding",
        "The attention mask",
        look=batches.look(rows),
        table=lambda: batches.table(rows),
        code=(batches.batch,),
        note="Under each token stands its attention mask: 1 = look here, 0 = padding, look away.",
    ):
        for i, row in enumerate(rows):
            st.caption(f"Row {i + 1} of the batch: {markdown(row.name)}")
            shown = folding.fold(len(row.tokens), batches.DRAWN)
            token_row(
                folding.drawn(row.tokens, shown),
                key=f"padding-{i}",
                label=f"{row.name}, with its attention mask",
                notes=["" if isinstance(place, str) else str(row.mask[place]) for place in shown.row],
            )
            if shown.left_out:
                st.caption(f"{shown.said()} The table has all.")


_COUNT = {"count": st.column_config.NumberColumn(format="localized")}


def search(page: Page) -> None:
    """The vocabulary, searched, and what it is made of."""
    wp = page.model.wordpiece
    everything, mark = vocabulary.vocabulary(wp), vocabulary.prefix(wp)
    text = normalisation.normalise(wp, state.get(FIND)).strip()
    found = vocabulary.search(everything, text, state.get(HOW), state.get(ONLY), mark=mark)
    with picture(
        "vocabulary",
        "Search the vocabulary",
        look=vocabulary.look(found, state.get(HOW), everything, mark),
        code=(vocabulary.search, vocabulary.facts),
    ):
        left, right = st.columns([3, 2], gap="large")
        with left:
            st.text_input("Find", placeholder="for example bank, or ##ing", **state.bind(FIND))
            st.segmented_control("Pieces that", vocabulary.HOW, **state.bind(HOW))
            st.checkbox(f"Only pieces that continue a word ({markdown(mark)})", **state.bind(ONLY))
            printing.sheet(found.table, hide_index=True, key="found", height=260)
            if found.more:
                st.caption(f"{found.more:,} more. Type more letters to see fewer.")
        with right:
            st.caption("What the vocabulary is made of")
            printing.sheet(vocabulary.facts(wp), hide_index=True, key="facts", height=388, column_config=_COUNT)


def ways(page: Page) -> None:
    """Whole words, pieces, characters: the same text cut in three ways."""
    trace = page.trace
    found = cuts.ways(trace)
    with picture(
        "ways",
        "Why pieces, and not words or letters",
        look=cuts.look_ways(trace),
        table=lambda: found,
        code=(cuts.ways,),
        note=markdown(f"{cuts.pieces_said(trace)} All with this model's vocabulary; special tokens are not counted."),
    ):
        bars(figures.bars_of_ways(found), key="ways", label="Tokens and unknown tokens for each way to cut this text")


def rule(page: Page) -> None:
    """The algorithm in words, then as a formula."""
    with st.expander("The rule, in steps"):
        st.markdown(
            "The rule is called **greedy longest-match-first**, and the pieces **WordPiece**.\n\n"
            "1. Clean the text, then split it at spaces and around every punctuation mark.\n"
            "2. Of each word, look up the whole. Not there? Drop the last character and look again.\n"
            "3. Take the first prefix that is there. Go on with the rest, now with `##` in front: it continues a "
            "word.\n"
            "4. If not even one character is found, the whole word becomes `[UNK]`, unknown. So does a word of "
            f"more than {page.model.wordpiece.model.max_input_chars_per_word} characters.\n\n"
            "For the rest of a word $w$ from character $i$ on, the piece is $w_{i:j}$ with "
            "$j = \\max\\,\\{\\,j > i : w_{i:j} \\in V\\,\\}$, where $V$ is the vocabulary. It is greedy: it "
            "never goes back, even where another cut would need fewer pieces. (Wu et al. 2016; Devlin et al. 2019.)"
        )


def special_tokens(page: Page) -> None:
    """Why [CLS] and [SEP]; what the mask does."""
    with st.expander(own.markdown("Why [CLS] and [SEP]")):
        segment = (
            "Together with the **segment**, 0 in the first sentence and 1 in the second, it" if page.model.has_segments else "It"
        )
        st.markdown(
            own.markdown(
                "They are added to every text, and stand for no word of it.\n\n"
                "- `[CLS]` stands in front. It means no word, so it is free to gather what the whole text says; most "
                "classifiers read only the vector at its place. In BERT, `[CLS]` is short for classification.\n"
                f"- `[SEP]` ends each sentence. {segment} tells the model where one stops and the other begins. In BERT, "
                "`[SEP]` is short for separator.\n\n"
                "The model was trained with both in every text, so it expects them. (Devlin et al. 2019, section 3.)"
            )
        )
    with st.expander("What the attention mask does"):
        st.markdown(
            own.markdown(
                "Texts that are computed together form a rectangle of numbers, a **batch**; shorter ones are filled "
                "up with `[PAD]`. So that no token looks at the filling, the scores of attention get $-\\infty$ in "
                "the columns where the mask is 0, and after the softmax their weight is $e^{-\\infty} = 0$. This "
                "walk reads one text at a time: nothing is padded, and its mask is 1 everywhere."
            )
        )
