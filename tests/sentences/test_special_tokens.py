"""Special tokens that a reader types, and words that the vocabulary does not know: what is counted, named and offered."""

import pytest

from bert_explain.analysis import masking
from bert_explain.analysis import tokens as tk
from bert_explain.analysis.overview import hidden_word
from bert_explain.chapters.home import stations
from bert_explain.chapters.tokens import cuts
from bert_explain.figures import payload, strip
from bert_explain.kernel import readings
from bert_explain.query import Query
from bert_explain.trace import run

UNKNOWN = "😀"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"bank {UNKNOWN}", "1 of 2 words stayed whole, 1 became [UNK]."),
        (f"{UNKNOWN} {UNKNOWN}", "0 of 2 words stayed whole, 2 became [UNK]."),
        ("bank [UNK]", "1 of 1 word stayed whole."),  # typed: no word of the text
        ("bank [SEP] unbankingly", "1 of 2 words stayed whole."),
    ],
)
def test_a_word_read_as_unknown_has_not_stayed_whole(mini_bert, text, said):
    assert cuts.pieces_said(run(mini_bert, Query(text))).endswith(said)


@pytest.mark.parametrize("text", ["bank [SEP]", "[SEP] bank", "[SEP]", "[SEP] [SEP]", "a [SEP] b [CLS] c"])
@pytest.mark.parametrize("second", ["", "[SEP] water", "water"])
def test_tokens_of_the_text_and_those_that_bert_adds_are_all_there_are(mini_bert, text, second):
    """A typed [SEP] is of the text, and of nothing else: the counts of a sentence add up to its tokens."""
    trace = run(mini_bert, Query(text, second))
    own, added = (sum((t.sentence is None) is kind for t in trace.tokens) for kind in (False, True))
    assert added == (3 if second else 2)
    said = stations.tokens(trace, 0).plain()
    assert said.startswith(readings.many(len(trace.tokens), "token"))
    if "from your text" in said:
        assert f"{own} from your text" in said
        assert f"and {added} that BERT adds" in said
    table = tk.table(trace)
    assert len(table) == own + added
    assert int(table["special"].sum()) == added + sum(t.special for t in trace.tokens if t.sentence is not None)
    assert sum(len(w.positions) for w in tk.words(trace)) == own
    drawn = strip.thumbnails(trace, 0, lambda query: run(mini_bert, query))["tokens"]
    assert len(drawn) == own + added


def test_a_typed_mask_is_not_called_a_hidden_word(mini_bert):
    trace = run(mini_bert, Query("the [MASK] was cold"))
    guess = hidden_word(trace, 2, lambda query: run(mini_bert, query))
    said = stations.words(trace, guess).plain()
    assert said.startswith("Where your text says [MASK], BERT's first guess is ")
    assert "With [MASK] hidden" not in said
    hidden = run(mini_bert, Query("the bank was cold"))
    guess = hidden_word(hidden, 2, lambda query: run(mini_bert, query))
    assert stations.words(hidden, guess).plain().startswith("With bank hidden, ")


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        (Query("the [MASK] was cold"), False),
        (Query("the bank was cold", masked=(2,)), True),
        (Query("the [MASK] was cold", masked=(1,)), False),  # two: nothing is said of a click
        (Query("[MASK]"), False),
        (Query("the bank", "[MASK]"), False),
    ],
)
def test_only_what_was_hidden_by_a_click_is_shown_by_a_click(mini_bert, query, offered):
    tokens = run(mini_bert, query).tokens
    assert ("Click it again to show it" in masking.say_hidden(tokens, None).plain()) is offered
    for place in masking.hidden_positions(tokens):
        assert bool(masking.why_not(tokens[place])) is (place not in query.masked)


@pytest.mark.parametrize("first", ["[SEP] the bank", "[CLS]", "[MASK] here", "[UNK] here", "[PAD]", "the bank"])
@pytest.mark.parametrize("second", ["[SEP] water", "[MASK] water", "water", ""])
def test_the_letters_stand_before_the_first_token_of_each_sentence(mini_bert, first, second):
    trace = run(mini_bert, Query(first, second))

    letters = "".join(map(payload._sentence, trace.tokens))
    assert letters.lstrip()[0] == "A"
    assert letters[0] == " "  # [CLS], which BERT adds
    assert letters[1] == "A"  # the very first of the text, whatever it is
    if second:
        end = next(t.position for t in trace.tokens if t.position and t.sentence is None)
        assert letters[end : end + 2] == " B"
    assert letters.count("A") == sum(t.sentence == 0 for t in trace.tokens)


@pytest.mark.parametrize("p", [0.9951, 0.999, 0.9996, 0.99999, 0.9999999])
def test_what_is_not_all_is_nowhere_a_hundred_percent(p):
    for write in (readings.percent, readings.share, readings.tenths):
        assert not write(p).startswith("100") or (write is readings.share and p > 1 - 1e-6)
    assert strip._probability(p) < 1
    assert strip._probability(1 - p) > 0
    assert strip._probability(1.0) == 1.0


def test_figures_write_no_rounded_hundred():
    """Plotly's own formats round: every percentage under the pointer is written by `readings`."""
    import inspect

    from bert_explain.chapters.attention import figures as attention
    from bert_explain.chapters.embeddings import figures as embeddings
    from bert_explain.chapters.layer import journey_figures as journey
    from bert_explain.chapters.next_sentence import figures as next_sentence
    from bert_explain.chapters.sees import figures as sees
    from bert_explain.chapters.transformer import figures as transformer
    from bert_explain.figures import masked_words

    for module in (attention, embeddings, journey, masked_words, next_sentence, sees, transformer):
        source = inspect.getsource(module)
        for line in source.splitlines():
            if "hovertemplate" in line or "texttemplate" in line or "of the variance" in line:
                assert not any(f":.{digits}%" in line for digits in range(4)), line
