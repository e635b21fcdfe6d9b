"""The chapter What changed the answer: what it says holds when the model is run again, on usual and on unusual texts."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from bert_explain.chapters.changed import answers, numbers, questions
from bert_explain.chapters.changed.numbers import METHODS, Attribution, Deletion, Switched
from bert_explain.core.spec import TaskHead
from bert_explain.core.target import probability
from bert_explain.families import TaskPlan
from bert_explain.kernel.attribution import HIDDEN, SPECIAL, WORD
from bert_explain.learning.question import NotAskable
from bert_explain.models import task_heads
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import ODD, ask_of
from tests.tiny import tiny_bert, tiny_electra, tiny_roberta

TEXT = Query("The cold river water the bank.", "The banks the water.")
KINDS = {"sequence": 3, "pair": 2, "token": 3, "span": 2}


@cache
def with_head(kind: str, reads: str = "softmax", here: bool = True):
    """The tiny BERT with a task head of random numbers and neither of its own."""
    torch.manual_seed(5)
    labels = () if kind == "span" else ("no", "yes", "O")[: KINDS[kind]]
    task = TaskHead(kind, labels, reads, here=here)
    plan = TaskPlan("out", pooled=kind in ("sequence", "pair"))
    more = task_heads.made(task, plan, torch.randn(KINDS[kind], 8), torch.randn(KINDS[kind]))
    return replace(tiny_bert(), name=f"tiny-{kind}-{reads}", mlm_head=None, nsp_head=None, **more)


def case_of(model, query=TEXT, position=3, kind=""):
    return answers.case(run(model, query), position, lambda q: run(model, q), kind)


@pytest.fixture(scope="module")
def found(mini_bert):
    return case_of(mini_bert, Query("She walked to the bank of the river.", "The water was cold."), 5)


# what is asked of ------------------------------------------------------------------------------------------------------
def test_the_first_guess_for_the_hidden_word(found, mini_bert):
    logits = run(mini_bert, found.query).mlm_logits([5])[0].astype(float)
    p = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert found.p == pytest.approx(p.max(), abs=1e-5)
    assert found.query.masked == (5,)
    kinds = [unit.kind for unit in found.parts]
    assert kinds.count(HIDDEN) == 1
    assert kinds.count(SPECIAL) == 3
    assert [found.parts[i].text for i in found.words][:4] == ["She", "walked", "to", "the"]
    assert found.label(3) == "to"
    assert found.named(4).plain() == "the (number 4)"  # it stands there once more
    assert found.label(4) == "the (4)"


def test_a_word_that_the_reader_hid_is_kept_and_a_word_of_pieces_is_hidden_whole(mini_bert):
    hidden = case_of(mini_bert, Query("The cat sat on the mat.", masked=(2, 6)), 6)
    assert hidden.target.position == 6
    assert hidden.query.masked == (2, 6)
    whole = case_of(mini_bert, Query("It was unforgettably good."), 4)
    assert len(whole.query.masked) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_heads_answer_is_its_own(kind):
    model = with_head(kind)
    found = case_of(model)
    logits = run(model, found.query).task_logits()
    if kind in ("sequence", "pair"):
        assert found.p == pytest.approx(torch.softmax(torch.tensor(logits), 0).max().item(), abs=1e-5)
        assert found.query.text_b == ("" if kind == "sequence" else TEXT.text_b)
    elif kind == "token":
        assert found.p == pytest.approx(torch.softmax(torch.tensor(logits[3]), 0).max().item(), abs=1e-5)
        assert not {found.target.position} & {p for i in found.words for p in found.parts[i].positions}
    else:
        inside = range(found.target.first, found.target.last + 1)
        sums = {(i, j): logits[i, 0] + logits[j, 1] for i in inside for j in inside if i <= j} | {(0, 0): logits[0].sum()}
        assert found.p == pytest.approx(np.exp(max(sums.values())) / np.exp(list(sums.values())).sum(), rel=1e-4)
        best = max(sums, key=sums.get)
        assert found.looks == ((0,) if best == (0, 0) else best)


def test_labels_that_hold_by_themselves_and_numbers():
    logits = run(with_head("sequence", "sigmoid"), Query(TEXT.text_a)).task_logits()
    if logits.max() > 0:
        found = case_of(with_head("sequence", "sigmoid"))
        assert found.odds == pytest.approx(float(logits.max()), abs=1e-5)
    else:
        with pytest.raises(NotAskable, match="none of its labels"):
            case_of(with_head("sequence", "sigmoid"))
    with pytest.raises(NotAskable, match="gives numbers"):
        case_of(with_head("sequence", "value"))


@pytest.mark.parametrize(
    ("model", "query", "why"),
    [
        (lambda: tiny_bert("no heads"), TEXT, "no head that gives an answer"),
        (tiny_electra, TEXT, "no head that gives an answer"),
        (tiny_bert, Query(""), "no word here"),
        (lambda: with_head("pair"), Query("the bank"), "two sentences"),
        (lambda: with_head("span"), Query("the bank"), "two sentences"),
    ],
)
def test_where_there_is_no_answer_it_is_said(model, query, why):
    with pytest.raises(NotAskable, match=why):
        case_of(model(), query, 0)


# what is said, tried again -----------------------------------------------------------------------------------------------
def test_the_word_that_kills_is_the_one_without_which_least_is_left(found, mini_bert):
    less = numbers.one_less(found)
    assert less["kind"].tolist() == [unit.kind for unit in found.parts]
    for i in found.words:
        trace = run(mini_bert, found.query.but(masked=(5, *found.parts[i].positions)))
        logits = trace.mlm_logits([5])[0].astype(float)
        p = np.exp(logits[found.target.wanted] - logits.max()) / np.exp(logits - logits.max()).sum()
        assert less["without"][i] == pytest.approx(p, abs=1e-5)
        assert less["stays"][i] == (logits.argmax() == found.target.wanted)
    text = numbers.who_kills(found, less).plain()
    least = min(found.words, key=lambda i: less["without"][i])
    assert f"{found.named(least)}: without it" in text or "No word" in text
    assert less["without"][found.target.position] == pytest.approx(found.p, abs=1e-5)  # hidden already: nothing changes


def made_up(found, without: dict, random, draws=None, every=False) -> Deletion:
    """A deletion test of two words; the draws are other words than the methods name, where they are not given."""
    words = found.words[:2]
    return Deletion(
        0.5,
        2,
        {m: tuple(words if m == "gradients" else found.words[2:4]) for m in without},
        without,
        dict.fromkeys(without, True),
        tuple(tuple(found.words[4:6]) for _ in random) if draws is None else draws,
        np.array(random),
        every,
    )


def test_a_deletion_is_told_beside_random_ones(found):
    none = numbers.tested(found, made_up(found, {"gradients": 0.1}, [0.4, 0.5, 0.3]), "gradients").plain()
    assert "goes from 50 % to 10 %" in none
    assert "over 3 random draws of 2 words it is 40 % on average, from 30 % to 50 %, and none of them costs as much" in none
    two = numbers.tested(found, made_up(found, {"gradients": 0.4}, [0.4, 0.5, 0.3]), "gradients").plain()
    assert "and 2 of them cost as much or more" in two
    rises = numbers.tested(found, made_up(found, {"gradients": 0.9}, [0.4]), "gradients").plain()
    assert "to 90 %" in rises
    assert "1 of them costs" in rises


def test_a_methods_words_are_not_compared_with_themselves(found):
    a, b, c, d = found.words[:4]
    pairs = ((a, b), (a, c), (c, d))
    drawn = made_up(found, {"gradients": 0.1}, [0.1, 0.4, 0.2], pairs)
    assert "over 2 random draws of 2 words it is 30 % on average, from 20 % to 40 %, and none of them" in (
        numbers.tested(found, drawn, "gradients").plain()
    )
    every = made_up(found, {"gradients": 0.1, "product": 0.2}, [0.1, 0.4, 0.2], pairs, every=True)
    assert "over all 2 other choices of 2 words it is 30 % on average, from 20 % to 40 %, and none of them" in (
        numbers.tested(found, every, "gradients").plain()
    )
    assert "it is 25 % on average, from 10 % to 40 %, and 1 of them costs" in numbers.tested(found, every, "product").plain()
    one = made_up(found, {"gradients": 0.1}, [0.1, 0.4], pairs[:2], every=True)
    assert numbers.tested(found, one, "gradients").plain().endswith("; the only other choice takes it to 40 % and costs less.")
    none = made_up(found, {"gradients": 0.1}, [0.1], pairs[:1], every=True)
    assert numbers.tested(found, none, "gradients").plain().endswith("; there is no other word to compare with.")
    assert (every.drawn, drawn.drawn) == ("all 3 choices", "3 draws")


@pytest.mark.parametrize(
    ("text", "words"), [("She walked to the [MASK] of it", 6), ("She walked to a [MASK]", 4), ("A [MASK] ran", 2)]
)
def test_of_a_short_text_every_choice_is_tried_and_no_word_is_lucky_against_itself(mini_bert, text, words):
    tokens = run(mini_bert, Query(text)).tokens
    short = case_of(mini_bert, Query(text), next(t.position for t in tokens if t.masked))
    assert len(short.words) == words
    less = numbers.one_less(short)
    given = Attribution("occlusion", less["fall"].to_numpy())
    deleted = numbers.deletion(short, [given])
    choices = {6: 20, 4: 4, 2: 2}[words]
    assert (len(deleted.draws), deleted.every) == (choices, True)
    assert tuple(sorted(deleted.named["occlusion"])) in deleted.draws
    assert len(deleted.others("occlusion")) == choices - 1
    said = numbers.tested(short, deleted, "occlusion").plain()
    assert "random draws" not in said
    assert f"all {choices - 1} other choices" in said or (choices == 2 and "the only other choice" in said)
    if words == 2:  # the word that costs more than the only other one
        assert said.endswith("costs less.")


def test_one_method_is_put_over_another_by_a_margin_only(found):
    apart = numbers.compared(found, made_up(found, {"gradients": 0.3, "product": 0.1}, [0.4])).plain()
    assert apart.startswith("Look at the deletion test: without the first 2 words of gradient × input P of")
    level = numbers.compared(found, made_up(found, {"gradients": 0.12, "product": 0.1}, [0.4])).plain()
    assert "little difference" in level
    several = made_up(found, {"gradients": 0.1, "product": 0.6, "attention": 0.12}, [0.4])
    text = numbers.ranked(found, several).plain()
    assert "cannot part integrated gradients and attention" in text
    assert "those of gradient × input costs no more than words at random" in text
    alone = made_up(found, {"gradients": 0.1, "product": 0.3}, [0.4])
    assert "integrated gradients P of" in numbers.ranked(found, alone).plain()
    assert "of every method cost more" in numbers.ranked(found, alone).plain()


def test_what_the_deletion_test_deletes(found):
    values = np.arange(len(found.parts), dtype=float)
    deleted = numbers.deletion(found, [Attribution("gradients", values), Attribution("attention", -values)])
    assert deleted.named["gradients"] == tuple(sorted(found.words)[::-1][:3])
    assert deleted.named["attention"] == tuple(sorted(found.words)[:3])
    odds, _ = found.read([found.without(deleted.named["gradients"])])
    assert deleted.without["gradients"] == pytest.approx(float(probability(odds[0])), abs=1e-5)
    assert len(deleted.random) == len(deleted.draws) == numbers.DRAWS
    assert not deleted.every
    again = numbers.deletion(found, [Attribution("gradients", values)])
    np.testing.assert_array_equal(deleted.random, again.random)
    assert all(found.parts[i].kind == WORD for places in deleted.named.values() for i in places)


@pytest.mark.parametrize("baseline", numbers.BASELINES)
def test_attributions_add_up_within_one_percent_from_every_baseline(found, baseline):
    path = numbers.integrated(found, baseline)
    assert path.complete
    assert abs(path.total - (path.end - path.start)) <= 0.01 * path.scale
    text = numbers.complete(path, baseline).plain()
    assert numbers.BASELINES[baseline] in text
    assert "rough" not in text
    assert "rough" in numbers.complete(replace(path, values=2 * path.values), baseline).plain()
    special = [i for i, unit in enumerate(found.parts) if unit.kind in (SPECIAL, HIDDEN)]
    one = numbers.attributed(found, "gradients", baseline)
    assert not one.values[special].any()  # the baseline keeps them
    assert "+0.00 to the special tokens" in numbers.apart(found, one).plain()


def test_shares_of_attention_add_up_to_one(found):
    for method in ("attention", "rollout"):
        assert numbers.attributed(found, method).values.sum() == pytest.approx(1, abs=1e-4)


def test_input_reduction_keeps_the_answer_and_what_is_left_is_needed(found, mini_bert):
    small = numbers.reduced(found)
    trace = run(mini_bert, small.query)
    at = trace.query.masked[0]
    logits = trace.mlm_logits([at])[0]
    assert logits.argmax() == found.target.wanted
    assert len(small.gone) + len(small.left) == len(found.words)
    odds, _ = found.read([small.query], [replace(found.target, position=at)])
    assert small.p[-1] == pytest.approx(float(probability(odds[0])), abs=1e-5)
    for i in small.left:
        query, target = answers.shortened(found, [*small.gone, i])
        now = run(mini_bert, query)
        assert now.mlm_logits([target.position])[0].argmax() != found.target.wanted
    text = numbers.what_is_left(found, small).plain()
    assert f"{len(small.gone)} can go" in text
    assert "without any one of these the answer changes" in text
    assert "changes" not in numbers.what_is_left(found, replace(small, tried=False)).plain()
    assert "none can go" in numbers.what_is_left(found, replace(small, gone=(), left=tuple(found.words))).plain()
    assert "All of" in numbers.what_is_left(found, replace(small, left=())).plain()
    one = numbers.what_is_left(found, replace(small, gone=small.gone[:1], left=small.left[:1])).plain()
    assert f"Of {len(found.words)} words one can go, and" in one
    assert one.endswith("; without it the answer changes.")


def test_of_one_word_it_is_said_as_of_one(found):
    alone = replace(found, stays=(*found.stays, *(p for i in found.words[1:] for p in found.parts[i].positions)))
    assert alone.words == found.words[:1]
    small = numbers.Reduction((found.words[0],), (0.5, 0.4), (), True, found.query)
    assert numbers.what_is_left(alone, small).plain().startswith("There is one word to cut out: it can go, and")
    stays = replace(small, gone=(), p=(0.5,), left=(found.words[0],))
    said = numbers.what_is_left(alone, stays).plain()
    assert said.startswith("There is one word to cut out, She, and it cannot go: without it")
    assert "cut out, it changes the answer or its pieces." in numbers.what_is_left(alone, replace(stays, tried=False)).plain()
    less = numbers.one_less(found).assign(fall=0.0, without=found.p)
    assert numbers.who_kills(alone, less).plain().startswith("The only word here does not cost much")
    assert numbers.who_kills(found, less).plain().startswith("No word alone costs much")


def test_words_are_cut_out_of_the_text_itself(found):
    query, target = answers.shortened(found, [1, 2])  # She, walked
    assert query.text_a == "to the bank of the river."
    assert target.position == 3
    assert query.masked == (3,)
    everything = answers.shortened(found, [i for i in found.words if found.parts[i].sentence == 1])
    assert everything is None or everything[0].text_b.strip(" .") == ""


def test_heads_go_greedily_and_at_random(mini_bert):
    model = tiny_bert()
    found = case_of(model)
    made = numbers.switched(found, "heads")
    alone = [found.read([found.query.but(heads_off=((layer, head),))])[0][0] for layer in range(2) for head in range(2)]
    layer, head = divmod(int(np.argmin(alone)), 2)
    assert made.chosen[0] == f"layer {layer + 1}, head {head + 1}"
    assert made.greedy[1] == pytest.approx(float(probability(min(alone))), abs=1e-5)
    assert made.random.shape == (numbers.ORDERS, 5)
    np.testing.assert_allclose(made.random[:, 0], found.p, atol=1e-6)
    assert len(set(np.round(made.random[:, -1], 6))) == 1  # all off, in whatever order
    assert numbers.curves(made).shape == (5, 6)
    assert numbers.switched(found, "layers").units == 2
    off = case_of(model, TEXT.but(heads_off=((0, 0), (0, 1), (1, 0), (1, 1))))
    assert "off already" in numbers.after_how_many(off, numbers.switched(off, "heads")).plain()


def told(found, greedy_first, random_first) -> str:
    greedy_first, random_first = np.array(greedy_first), np.array(random_first)
    names = tuple(f"layer 1, head {i + 1}" for i in range(len(greedy_first) - 1))
    s = Switched(
        "heads",
        random_first.shape[1] - 1,
        names,
        np.linspace(0.5, 0.1, len(greedy_first)),
        greedy_first,
        np.full(random_first.shape, 0.3),
        random_first,
    )
    return numbers.after_how_many(found, s).plain()


def test_after_how_many_heads_the_answer_is_gone(found):
    yes, no = True, False
    text = told(found, [yes, yes, no], [[yes, no, no, no], [yes, yes, yes, no]])
    assert "2 heads (layer 1, head 1; layer 1, head 2) are enough" in text
    assert "In 2 random orders it takes 1 to 3 of 3 heads" in text
    text = told(found, [yes, no], [[yes, no], [yes, yes]])
    assert "1 head (layer 1, head 1) is enough" in text
    assert "In 1 of 2 random orders the answer stays even when the only head is off" in text
    assert "even when all 2 heads are off" in told(found, [yes, no], [[yes, no, no], [yes, yes, yes]])
    assert "The 1 head chosen greedily does not change the answer" in told(found, [yes, yes], [[yes, no], [yes, no]])
    assert "The 2 heads chosen greedily do not" in told(found, [yes, yes, yes], [[yes, no, no], [yes, no, no]])


def test_why_this_and_not_that(found, mini_bert):
    held, _ = answers.contrast(found)
    logits = run(mini_bert, found.query).mlm_logits([5])[0]
    assert held.odds == pytest.approx(logits[held.target.wanted] - logits[held.target.against], abs=1e-4)
    swapped, _ = answers.contrast(found, held.against.plain(), held.answer.plain())
    assert swapped.odds == pytest.approx(-held.odds, abs=1e-4)
    assert answers.contrast(found, "bank", "bank") == (None, "These are the same word: choose two.")
    assert "not one piece" in answers.contrast(found, "unforgettably")[1]
    made = numbers.taken_apart(held, ("gradients", "occlusion"))
    other = numbers.taken_apart(swapped, ("gradients", "occlusion"))
    np.testing.assert_allclose(made.of("gradients").values, -other.of("gradients").values, atol=1e-3)
    text = numbers.speaks_for(held, made).plain()
    assert text.startswith(f"Of {held.answer} and {held.against} alone")
    for kind in KINDS:
        one = case_of(with_head(kind))
        against, why = answers.contrast(one)
        assert why == ""
        assert against.odds > 0


def test_what_a_number_says_is_said_of_the_methods_shown():
    def told(*methods):
        return numbers.how_to_read([Attribution(method, np.zeros(1)) for method in methods])

    assert told("gradients", "product") == "Above 0 speaks for the answer."
    assert told("gradients", "attention") == "Above 0 speaks for the answer; attention only says how much, not which way."
    assert told(*METHODS).endswith("for the answer; attention and attention rollout only say how much, not which way.")
    assert told("attention", "rollout") == "Attention and attention rollout only say how much, not which way."
    assert told("rollout") == "Attention rollout only says how much, not which way."


# whatever the text ---------------------------------------------------------------------------------------------------------
MODELS = {
    "bert": tiny_bert,
    "distilbert": lambda: tiny_bert("distilbert"),
    "roberta": tiny_roberta,
    "generator": lambda: tiny_electra("generator"),
    **{kind: (lambda kind=kind: with_head(kind)) for kind in KINDS},
}
ONES = [("river", "bank"), ("[MASK]", ""), ("the [MASK] bank .", "[MASK] river"), ("a" * 3000, "b"), ("the-bank's", "- -")]
UNUSUAL = [*ODD, *ONES]


@pytest.mark.rest
@pytest.mark.parametrize("kind", MODELS)
def test_every_text_is_answered_or_refused_in_a_sentence(kind):
    model = MODELS[kind]()
    queries = [Query(a, b) for a, b in (UNUSUAL if kind == "bert" else UNUSUAL[3::2])]
    if kind == "bert":
        queries += [Query(a, b, tokens="removed", segments="removed", swapped=True) for a, b in UNUSUAL[3::3]]
    answered = 0
    for query in queries:
        said = everything_said(model, query)
        answered += len(said) > 1
        for sentence in map(str, said):
            assert sentence.endswith(".")
            assert "nan" not in sentence
            assert not re.search(r"\{(?!x\}|0)", sentence)  # what was typed stands as it is
    assert answered >= 2


def everything_said(model, query: Query) -> list:
    """Every sentence of the chapter about a text, or the one that refuses it."""
    trace = run(model, query)
    try:
        found = case_of(model, query, len(trace.tokens) - 2)
        made = numbers.taken_apart(found, tuple(METHODS))
    except NotAskable as refused:
        return [refused]
    held, why = answers.contrast(found)
    said = [
        *(numbers.tested(found, made.deleted, m) for m in METHODS),
        numbers.ranked(found, made.deleted),
        numbers.compared(found, made.deleted),
        numbers.who_kills(found, numbers.one_less(found)),
        *(filter(None, [numbers.apart(found, one) for one in made.given])),
        numbers.speaks_for(held, numbers.taken_apart(held, ("gradients", "occlusion"))) if held else why,
    ]
    if len(found.words) < 6:
        said.append(numbers.what_is_left(found, numbers.reduced(found)))
    path = made.of("gradients").path
    complete = numbers.complete(path, "mask")
    if not path.complete:
        assert "rough" in complete.plain()
    assert len(numbers.table_of(found, made.given)) == len(found.parts)
    return [*said, complete]


def test_of_swapped_sentences_it_is_a_that_follows_b_or_does_not(mini_bert):
    for query, verb in ((TEXT, "B {} A"), (TEXT.but(swapped=True), "A {} B")):
        found = case_of(mini_bert, query, kind="next")
        next_ = found.trace.nsp[0] >= 0.5
        assert found.answer.plain() == "“" + verb.format("follows" if next_ else "does not follow") + "”"
        held, _ = answers.contrast(found)
        assert held.against.plain() == "“" + verb.format("does not follow" if next_ else "follows") + "”"


def test_what_may_be_asked_names_the_sentences_as_they_are_read():
    plain, swapped = (answers.titles(Query("One.", "Two.", swapped=swapped)) for swapped in (False, True))
    assert tuple(plain) == tuple(swapped) == answers.KINDS
    assert (plain["next"], plain["span"]) == ("Whether B follows A", "The answer found in sentence B")
    assert (swapped["next"], swapped["span"]) == ("Whether A follows B", "The answer found in sentence B")


def test_the_judge_by_gradients_is_heard_where_it_is_clear(mini_bert):
    """Its table has no fall of the answer: whether a break of it is clear is judged by its own two first words."""
    clear = 0
    for pair in questions.KILLS.pairs[:4]:
        ask = ask_of(mini_bert, pair.a, pair.b, pair.word)
        try:
            found = questions.KILLS.evidence(ask)
            tried = questions.KILLS.tried(ask, found)
        except NotAskable:
            continue
        clear += 1
        assert {"top", "value", "word"} <= set(tried.attrs["facts"])
    assert clear


def test_the_nearest_word_refutes_nothing_where_the_right_one_is_as_near(mini_bert):
    pair = questions.KILLS.pairs[0]
    ask = ask_of(mini_bert, pair.a, pair.b, pair.word)
    found = questions.KILLS.evidence(ask)
    case, right = numbers.case_of(ask), int(questions.KILLS.answer(found)[1:])

    def apart(i):
        return min(abs(p - at) for p in case.parts[i].positions for at in case.looks)

    for option in questions.KILLS.choices(ask, found):
        if option.tag == "NEAR":
            assert apart(int(option.id[1:])) < apart(right)
