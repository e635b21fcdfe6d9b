"""What an edit keeps of the reader's choices."""

from types import SimpleNamespace

import pytest

from bert_explain.ui import limits
from tests.tiny import tiny_bert


class Choices(dict):
    def put(self, **changes):
        self.update(changes)

    get = dict.__getitem__


@pytest.fixture
def edit(monkeypatch):
    model = tiny_bert()

    def made(name, text, **held):
        choices = Choices({"a": "", "b": "", "sep": "normal", "swap": False, "mask": (), "put": (), "token": None} | held)
        monkeypatch.setattr(limits, "state", choices)
        monkeypatch.setattr(limits, "st", SimpleNamespace(session_state={f"w-sentence-{name}": text}))
        limits.edited(name, model)()
        assert choices[name] == text
        return choices["mask"], choices["put"], choices["token"]

    return made


def test_what_stands_where_it_stood_is_kept(edit):
    # [CLS] the bank [SEP] water river [SEP]
    held = {"a": "the bank", "b": "water river", "mask": (2, 5), "put": ((1, 7),), "token": 4}
    assert edit("b", "water river cold", **held) == ((2, 5), ((1, 7),), 4)
    assert edit("a", "the cold bank", **held) == ((), ((1, 7),), None)


def test_positions_count_as_the_model_reads_swapped_sentences(edit):
    # [CLS] water river [SEP] the bank [SEP]
    held = {"a": "the bank", "b": "water river", "swap": True, "mask": (2, 5), "put": ((4, 7),), "token": 5}
    assert edit("b", "water river cold", **held) == ((2,), (), None)
    assert edit("a", "the bank cold", **held) == ((2, 5), ((4, 7),), 5)


def test_positions_count_without_the_separators_that_were_left_out(edit):
    # [CLS] the bank water river
    held = {"a": "the bank", "b": "water river", "sep": "removed", "mask": (2, 4), "token": 3}
    assert edit("b", "water the", **held) == ((2,), (), 3)
    assert edit("b", "cold river", **held) == ((2, 4), (), None)
