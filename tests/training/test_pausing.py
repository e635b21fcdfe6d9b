"""A training waits only while everybody who watches it holds it."""

import pytest

from bert_explain.training.pausing import Pause, waited


def test_one_alone_holds_it():
    pause = Pause()
    assert not pause
    pause.put("me", True)
    assert pause
    assert pause.by("me")
    pause.put("me", False)
    assert not pause


def test_of_two_who_watch_both_have_to_hold_it():
    watchers = {"me", "you"}
    pause = Pause(lambda: watchers)
    pause.put("me", True)
    assert not pause  # it goes on for the other
    pause.put("you", True)
    assert pause
    watchers.add("she")  # who comes later is not kept waiting
    assert not pause
    watchers.discard("she")
    watchers.discard("you")
    pause.put("you", False)
    assert pause


@pytest.mark.parametrize("patience", [0.0, 0.15])
def test_nobody_holds_it_for_ever(patience):
    pause, told = Pause(), []
    pause.put("me", True)
    assert not waited(pause, lambda: told.append(1), patience)
    assert told
    assert not pause
    assert waited(pause, lambda: told.append(1), patience)
