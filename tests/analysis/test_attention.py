"""What the attention page says about heads: against hand-worked numbers, and properties that hold for any text."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from bert_explain.analysis import attention as a
from bert_explain.chapters.attention import looks as looks
from bert_explain.kernel.readings import share
from bert_explain.query import Query
from bert_explain.trace import run

BANK = Query("She walked to the bank of the river.", "The water was cold and clear.")
ODD = [
    Query(""),
    Query("  \t "),
    Query("", "b alone"),
    Query("...!?"),
    Query("one"),
    Query("", separators="removed"),
    Query("unaffordable"),
    Query("a [SEP] b [CLS]", "c"),
    Query("שלום 👩‍👩‍👧 \u202e<b>", "</script>"),
    Query("x", "y", swapped=True),
    Query("the " * 700, "of " * 20),
]


@pytest.fixture(scope="module")
def bank(mini_bert):
    return run(mini_bert, BANK)


def made(trace, weights):
    """The trace with hand-made attention (L, A, T, T)."""
    return replace(trace, attention=np.asarray(weights, dtype=np.float32))


@pytest.fixture
def three(mini_bert):
    """[CLS] one [SEP], two layers of one head each: one looks even, one looks at itself."""
    even, itself = np.full((3, 3), 1 / 3), np.eye(3)
    return made(run(mini_bert, Query("one")), [[even], [itself]])


# the table of heads
def test_facts_by_hand(three):
    table = a.facts(three)
    even, itself = table.iloc[0], table.iloc[1]
    assert [even["layer"], even["head"], itself["layer"], itself["head"]] == [1, 1, 2, 1]
    assert even["entropy"] == pytest.approx(np.log2(3))
    assert even["of_most"] == pytest.approx(1)
    assert even["distance"] == pytest.approx((1 + 2 + 1 + 1 + 2 + 1) / 9)
    assert (even["cls"], even["sep"], even["self"]) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert (even["previous"], even["next"]) == pytest.approx((1 / 3, 1 / 3))
    assert even["pattern"] == "broad"
    assert (itself["entropy"], itself["distance"], itself["self"]) == pytest.approx((0, 0, 1))
    assert (itself["previous"], itself["next"]) == (0, 0)
    assert itself["pattern"] == "itself"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("to [CLS]", [0, 0, 0, 0, 0, 0]),
        ("to [SEP]", [5, 5, 5, 5, 5, 5]),
        ("previous token", [0, 0, 1, 2, 3, 4]),
        ("next token", [1, 2, 3, 4, 5, 5]),
        ("same word", [2, 3, 5, 1, 2, 2]),
        ("mixed", [2, 2, 2, 2, 2, 2]),
    ],
)
def test_each_pattern_is_recognised(mini_bert, name, target):
    trace = run(mini_bert, Query("red big red hat"))  # [CLS] red big red hat [SEP]
    assert trace.pieces == ["[CLS]", "red", "big", "red", "hat", "[SEP]"]
    weights = np.eye(6)[target]
    assert a.facts(made(trace, [[weights]]))["pattern"].tolist() == [name]


def test_half_is_not_a_majority(three):
    half = np.array([[0.5, 0.0, 0.5]] * 3)
    assert a.facts(made(three, [[half]]))["pattern"].tolist() == ["mixed"]


def test_entropy_agrees_with_torch(bank):
    theirs = torch.distributions.Categorical(torch.from_numpy(bank.attention.copy())).entropy().numpy() / np.log(2)
    np.testing.assert_allclose(a.entropy(bank.attention), theirs, atol=1e-4)


def test_facts_mark_heads_that_are_off(mini_bert):
    table = a.facts(run(mini_bert, BANK.but(heads_off=((1, 4),))))
    assert table.loc[table["off"], ["layer", "head"]].to_numpy().tolist() == [[2, 5]]


# the telling head
def test_telling_head_of_the_bank(bank):
    link = a.telling_head(bank)
    assert link.weight == pytest.approx(bank.attention[link.layer, link.head, link.row, link.column])
    ordinary = np.flatnonzero(a.words(bank.tokens))
    rest = [bank.attention[:, :, i, j].max() for i in ordinary for j in ordinary if abs(i - j) > 1]
    assert link.weight == pytest.approx(max(rest))
    assert link.row in ordinary
    assert link.column in ordinary
    assert abs(link.row - link.column) > 1


def test_telling_head_takes_the_largest_link_it_may(mini_bert):
    trace = run(mini_bert, Query("un-affordable cats sleep."))
    pieces = trace.pieces
    t = len(pieces)
    weights = np.zeros((1, 3, t, t))
    una, able = 1, pieces.index("##able") if "##able" in pieces else 2
    cats, sleep, dot = pieces.index("cats"), pieces.index("sleep"), pieces.index(".")
    weights[0, 0, cats, 0] = 0.99  # to [CLS]
    weights[0, 0, cats, dot] = 0.98  # to punctuation
    weights[0, 0, cats, sleep] = 0.97  # to a neighbour
    weights[0, 1, sleep, una] = 0.5
    weights[0, 2, able, una] = 0.4
    assert a.telling_head(made(trace, weights)) == (0, 1, sleep, una, 0.5)


def test_pieces_of_one_word_do_not_count(mini_bert):
    trace = run(mini_bert, Query("unaffordable cats"))  # una ##ff ##ord ##able cats
    assert trace.pieces[1:6] == ["una", "##ff", "##ord", "##able", "cats"]
    weights = np.zeros((1, 2, 7, 7))
    weights[0, 0, 1, 4] = 0.9  # una -> ##able
    weights[0, 1, 1, 5] = 0.1  # una -> cats
    assert a.telling_head(made(trace, weights))[:4] == (0, 1, 1, 5)


@pytest.mark.parametrize("query", ODD, ids=repr)
def test_every_odd_text_can_be_read(mini_bert, query):
    trace = run(mini_bert, query)
    link, table = a.telling_head(trace), a.facts(trace)
    assert 0 <= link.row < len(trace.tokens)
    assert len(table) == 72
    assert not table.isna().any().any()
    for direction in a.DIRECTIONS:
        for specials in (True, False):
            shown = a.view(trace, direction, specials, renormalise=True)
            assert looks.head(trace, link.layer, link.head, shown).html()
            block = shown.of(trace.attention[0, 0])
            assert block.shape == (len(shown.rows), len(shown.columns))
    assert looks.grid(trace).html()
    assert looks.lines(trace, 1, 1, np.arange(min(32, len(trace.tokens)))).html()
    assert looks.facts(table).html()
    assert looks.rollout(trace, a.rollout(trace), len(trace.tokens) - 1).html()
    assert not a.directions(trace, 0, 0).isna().any().any()


# what is shown
def test_owners_of_special_tokens(mini_bert):
    def of(query):
        return "".join("AB"[o] for o in a.owners(run(mini_bert, query)))

    assert of(Query("one two", "three")) == "AAAABB"
    assert of(Query("one two", "three", swapped=True)) == "BBBAAA"
    assert of(Query("", "three")) == "AABB"
    assert of(Query("one two", "three", separators="removed")) == "AAAB"
    assert of(Query("one [SEP] two", "three")) == "AAAAABB"
    assert of(Query("one two", "three", segments="flipped")) == "AAAABB"


def test_directions_cut_the_square_into_four(bank):
    w = bank.attention[1, 4]
    parts = [a.view(bank, name) for name in ("within A", "A to B", "B to A", "within B")]
    assert sum(len(p.rows) * len(p.columns) for p in parts) == w.size
    aa, ab, ba, bb = (p.of(w) for p in parts)
    np.testing.assert_array_equal(np.block([[aa, ab], [ba, bb]]), w)
    assert parts[0].share(w) + parts[1].share(w) == pytest.approx(1, abs=1e-6)


def test_hiding_special_tokens_and_scaling_again(bank):
    w = bank.attention[3, 2]
    hidden = a.view(bank, specials=False)
    assert not any(bank.tokens[i].special for i in hidden.rows)
    np.testing.assert_array_equal(hidden.of(w), w[np.ix_(hidden.rows, hidden.rows)])
    scaled = a.view(bank, specials=False, renormalise=True).of(w)
    np.testing.assert_allclose(scaled.sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(scaled, hidden.of(w) / hidden.of(w).sum(-1, keepdims=True), rtol=1e-5)


def test_a_row_that_gives_nothing_stays_zero(three):
    gone = np.array([[1.0, 0, 0], [1.0, 0, 0], [0, 0, 1.0]])
    assert a.view(three, specials=False, renormalise=True).of(gone).tolist() == [[0.0]]


def test_a_window_keeps_its_centre_and_the_special_columns(mini_bert):
    trace = run(mini_bert, Query("word " * 200, "other " * 100))
    for centre in (0, 90, 150, 302):
        part = a.window(trace, a.view(trace), centre, 200, most=20)
        assert len(part.rows) == 20
        assert len(part.columns) <= 24
        assert 200 in part.columns
        assert centre in part.rows
        assert {t.position for t in trace.tokens if t.special} <= set(part.columns)
    renormalised = a.window(trace, a.view(trace, renormalise=True), 90, 0, most=20)
    w = trace.attention[0, 0]
    np.testing.assert_allclose(renormalised.of(w), w[np.ix_(renormalised.rows, renormalised.columns)], rtol=1e-5)


def test_a_short_text_needs_no_window(bank):
    whole = a.view(bank)
    part = a.window(bank, whole, 5, 0)
    np.testing.assert_array_equal(part.rows, whole.rows)
    np.testing.assert_array_equal(part.columns, whole.columns)


def test_what_crosses_between_sentences_is_said(bank, mini_bert):
    weights = bank.attention[1, 4]
    words = [[t.position for t in bank.tokens if t.sentence == n] for n in (0, 1)]
    ab, ba = (weights[np.ix_(words[n], words[1 - n])].sum(1).mean() for n in (0, 1))
    said = looks.directions(a.directions(bank, 1, 4)).plain()
    assert said.startswith(
        f"The words of A give {share(ab)} of their attention to B, the words of B give {share(ba)} to A; special tokens get"
    )
    single = run(mini_bert, Query("one two"))
    table = a.directions(single, 1, 4)
    special = table.loc[0, "special tokens"]
    assert f"{share(special)} to special tokens" in looks.directions(table).plain()
    assert looks.directions(a.directions(run(mini_bert, Query("")), 0, 0)) is None


def test_one_head_in_numbers_is_said(three):
    table = a.facts(three)
    assert "even look at 3.0 tokens (1.58 bits, 100 % of" in looks.numbers(table.iloc[0]).plain()
    assert "fits one pattern: itself" in looks.numbers(table.iloc[1]).plain()


def test_shares_between_sentences(bank):
    table = a.directions(bank, 1, 4)
    assert table["from"].tolist() == ["A", "B", "special tokens"]
    np.testing.assert_allclose(table[["A", "B", "special tokens"]].sum(axis=1), 1, atol=1e-5)
    words_a = [t.position for t in bank.tokens if t.sentence == 0]
    words_b = [t.position for t in bank.tokens if t.sentence == 1]
    assert table.loc[0, "B"] == pytest.approx(bank.attention[1, 4][np.ix_(words_a, words_b)].sum(1).mean(), abs=1e-6)


# rollout
def test_rollout_by_hand(mini_bert):
    w1, w2 = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[1.0, 0.0], [0.5, 0.5]])
    trace = made(run(mini_bert, Query("")), [[w1], [w2]])
    first = [[0.5, 0.5], [0.5, 0.5]]
    second = [[0.5, 0.5], [0.5, 0.5]]  # (0.5 W2 + 0.5 I) x the matrix of halves
    np.testing.assert_allclose(a.rollout(trace), [first, second])
    other = made(trace, [[w2], [w1]])
    np.testing.assert_allclose(a.rollout(other), [[[1, 0], [0.25, 0.75]], [[0.625, 0.375], [0.625, 0.375]]])


def test_rollout_averages_heads(mini_bert):
    w = np.stack([np.eye(2), np.eye(2)[::-1]])
    assert a.rollout(made(run(mini_bert, Query("")), [w])).tolist() == [[[0.75, 0.25], [0.25, 0.75]]]


@settings(max_examples=12)
@given(text=some.text(max_size=60), other=some.text(max_size=40))
def test_rows_add_up_for_any_text(mini_bert, text, other):
    trace = run(mini_bert, Query(text, other))
    np.testing.assert_allclose(a.rollout(trace).sum(-1), 1, atol=1e-4)
    table = a.facts(trace)
    shares = table[list(a.PATTERNS.values())]
    assert ((shares >= -1e-6) & (shares <= 1 + 1e-5)).all().all()
    assert (table["of_most"] <= 1 + 1e-5).all()
    np.testing.assert_allclose(a.directions(trace, 2, 3).drop(columns="from").sum(axis=1), 1, atol=1e-4)


# sentences
def test_the_sentence_names_the_link_that_is_there(bank):
    link = a.telling_head(bank)
    said = looks.head(bank, link.layer, link.head, a.view(bank)).plain()
    assert f"the row {bank.pieces[link.row]}: it gives {link.weight:.2f}" in said
    lead = a.telling_lead(bank)
    assert lead.value == pytest.approx(link.weight)
    assert ("the strongest link between two words" in said) == lead.leads
    row = looks.head(bank, link.layer, link.head, a.view(bank), row=8).plain()
    w = bank.attention[link.layer, link.head, 8]
    assert row.startswith(f"Look at the row river: it gives {w.max():.2f} of its attention to {bank.pieces[w.argmax()]}")


def test_the_sentence_claims_no_words_where_there_are_none(mini_bert):
    trace = run(mini_bert, Query("..!"))
    link = a.telling_head(trace)
    assert "two words" not in looks.head(trace, link.layer, link.head, a.view(trace)).plain()


def test_hostile_tokens_are_escaped(bank):
    tokens = tuple(replace(t, text="<img src=x>") for t in bank.tokens)
    trace = replace(bank, tokens=tokens)
    for said in (looks.head(trace, 0, 0, a.view(trace)), looks.rollout(trace, a.rollout(trace), 3)):
        assert "<img" not in said.html()
        assert "&lt;img" in said.html()


def test_tables_hold_what_is_shown(bank):
    shown = a.view(bank, "A to B")
    table = a.table(bank, 1, 4, shown)
    assert table["token"].tolist() == [f"{i} {bank.pieces[i]}" for i in range(11)]
    np.testing.assert_allclose(table.drop(columns="token").to_numpy(), shown.of(bank.attention[1, 4]), atol=6e-5)


def test_what_is_remembered_is_computed_once(bank):
    assert a.facts(bank) is a.facts(bank)
    assert a.facts(replace(bank)) is not a.facts(bank)
