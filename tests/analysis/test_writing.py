"""A text that grows: the same for all, one token at a time, whole words, and an end."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bert_explain.analysis import writing as wr
from bert_explain.sampling import Settings
from bert_explain.trace_decoder import generate, run_decoder
from tests.tiny import WORDS, tiny_decoder

THE, BANK, SEP, TAIL = (WORDS.index(w) for w in ("the", "bank", "[SEP]", "##s"))
WARM = Settings(temperature=2.0)


def made(count: int, settings: Settings = WARM, start=(2, THE)) -> wr.Writing:
    writing = wr.Writing(tiny_decoder(), start, settings)
    while writing.reach(count):
        pass
    return writing


def test_it_writes_what_generate_writes():
    steps = list(generate(tiny_decoder(), (2, THE), steps=9, temperature=2.0, top_k=8, seed=5))
    ours = made(9, Settings(2.0, 8, 1.0, 5)).steps
    assert [s.id for s in ours] == [s.id for s in steps][: len(ours)]
    assert len(ours) >= 1
    assert ours[0].probability == steps[0].probability
    assert ours[0].kept == 8


def test_more_keeps_what_there_is():
    writing = made(3)
    first = list(writing.steps)
    while writing.reach(6):
        pass
    assert writing.steps[:3] == first
    assert not writing.reach(6)


def test_many_readers_at_once_write_one_text():
    alone = [s.id for s in made(12).steps]
    writing = wr.Writing(tiny_decoder(), (2, THE), Settings(temperature=2.0))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: writing.reach(12), range(60)))
    assert [s.id for s in writing.steps] == alone


def test_it_ends_after_the_second_separator_and_where_positions_end():
    for seed in range(40):
        writing = made(40, Settings(2.0, seed=seed), start=(2, THE, SEP))
        ids = [s.id for s in writing.steps]
        if SEP in ids:
            assert ids.index(SEP) == len(ids) - 1
            assert "[SEP]" in writing.ended
            break
    else:
        pytest.fail("no text ended")
    full = made(9, Settings(0.0), start=(2,) + (THE,) * 31)
    assert full.steps == []
    assert full.ended == "All 32 positions are full."


def test_a_word_is_taken_whole():
    for seed in range(60):
        writing = made(30, Settings(5.0, seed=seed))
        ids = [s.id for s in writing.steps]
        at = next((i for i in range(len(ids) - 1) if ids[i] != TAIL and ids[i + 1] == TAIL), None)
        if at is None:
            continue
        end = writing.word_end(at)
        assert end > at + 1
        assert ids[at + 1 : end] == [TAIL] * (end - at - 1)
        assert end == len(ids) or ids[end] != TAIL
        return
    pytest.fail("no word of two pieces was written")


def test_word_end_of_an_ended_text_is_its_end():
    full = wr.Writing(tiny_decoder(), (2,) + (THE,) * 30, Settings(0.0))
    assert full.word_end(0) == 1
    assert full.word_end(1) == 1


def test_candidates_add_up_and_say_their_fate():
    for seed in range(10):
        step = next(generate(tiny_decoder(), (2, THE), steps=1, temperature=0.7, top_k=5, top_p=0.9, seed=seed))
        table = wr.candidates(tiny_decoder(), step, k=4)
        for column in ("before", "tempered", "after"):
            assert table[column].sum() == pytest.approx(1)
        assert (table[table["fate"] == "cut"]["after"] == 0).all()
        assert (table[table["fate"] == "kept"]["after"] > 0).all()
        chosen = table[table["fate"] == "chosen"]
        assert chosen["id"].tolist() == [step.id]
        assert (np.diff(table["before"][:4]) <= 0).all()


def test_look_step_tells_the_draw():
    writing = made(1, Settings(0.7, 5, 1.0, 3))
    said = wr.look_step(writing.steps[0], 12).plain()
    assert "left 5 of 12 pieces" in said
    assert f"{writing.steps[0].drawn:.3f}" in said
    assert "Nothing was cut" in wr.look_step(made(1, Settings()).steps[0], 12).plain()
    assert "temperature 0" in wr.look_step(made(1, Settings(0)).steps[0], 12).plain()


def test_table_and_text():
    writing = made(5)
    table = wr.written_table(writing.steps)
    assert table["piece"].tolist() == [s.text for s in writing.steps]
    assert table["number"].tolist() == [1, 2, 3, 4, 5]
    assert writing.text(2) == tiny_decoder().tokenizer.decode([s.id for s in writing.steps[:2]])


@pytest.mark.parametrize(("text", "piece"), [("the bank .", "bank"), ("", "[CLS]"), (". .", "[CLS]"), ("cold", "cold")])
def test_writing_starts_at_the_last_word_of_a(text, piece):
    trace = run_decoder(tiny_decoder(), text, "water")
    assert trace.pieces[wr.start_place(trace.tokens)] == piece
