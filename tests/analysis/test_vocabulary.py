"""The search and the facts, on a vocabulary small enough to count, and on the bundled model's."""

import pandas as pd
import pytest

from bert_explain.analysis import vocabulary as v

SMALL = {
    "[PAD]": 0,
    "[unused0]": 1,
    "[UNK]": 2,
    "bank": 3,
    "banks": 4,
    "##bank": 5,
    "##s": 6,
    "embank": 7,
    "7": 8,
    "#": 9,
    "##": 10,
}


def found(*args, **kwargs):
    return list(v.search(SMALL, *args, **kwargs).table["piece"])


def test_begins_contains_ends():
    assert found("bank") == ["##bank", "bank", "banks"]
    assert found("bank", "contains") == ["##bank", "bank", "banks", "embank"]
    assert found("bank", "ends with") == ["##bank", "bank", "embank"]
    assert found("zzz") == []


def test_only_continuations():
    assert found("", continuing=True) == ["##bank", "##s"]
    assert found("##ba") == ["##bank"]
    assert found("##", "begins with") == ["##bank", "##s"]
    assert found("bank", continuing=True) == ["##bank"]


def test_a_hash_is_a_piece_like_any_other():
    assert found("#") == ["#", "##"]


def test_the_list_is_capped_and_says_how_many_more():
    hits = v.search(SMALL, "", limit=4)
    assert (len(hits.table), hits.total, hits.more) == (4, 11, 7)
    assert list(hits.table["id"]) == [0, 1, 2, 3]


def test_what_the_search_found_in_a_sentence():
    said = [v.look(v.search(SMALL, text), "begins with", SMALL).plain() for text in ("bank", "ban", "banks", "zzz", "")]
    assert said == [
        "3 pieces begin with bank; bank itself is number 3.",
        "3 pieces begin with ban; ban itself is not a piece that begins a word.",
        "1 piece begins with banks; banks itself is number 4.",
        "No piece begins with zzz.",
        "The vocabulary has 11 pieces; 2 of them continue a word.",
    ]


def test_of_continuing_pieces_only_nothing_is_said_of_the_others():
    pieces = {"bank": 0, "banks": 1, "##bank": 2, "##banker": 3, "##s": 4}
    look = [v.look(v.search(pieces, text, continuing=True), "begins with", pieces).plain() for text in ("bank", "banker", "go")]
    assert look == [
        "2 pieces that continue a word begin with bank.",
        "1 piece that continues a word begins with banker.",
        "No piece that continues a word begins with go.",
    ]
    assert v.look(v.search(pieces, "##bank"), "begins with", pieces).plain() == look[0]


def test_facts_of_the_bundled_model(mini_bert):
    """Counted another way, with pandas, on the vocabulary file."""
    pieces = pd.Series(list(v.vocabulary(mini_bert.wordpiece)))
    facts = v.facts(mini_bert.wordpiece).set_index("fact")["count"]
    assert facts["pieces in all"] == len(pieces) == mini_bert.vocab_size
    assert facts["continue a word"] == pieces.str.fullmatch(r"##.+").sum()
    assert facts["unused rows, free for new words"] == pieces.str.fullmatch(r"\[unused\d+\]").sum()
    assert facts["special"] == 5
    assert facts["single characters that continue a word"] == pieces.str.fullmatch(r"##.").sum()
    assert facts["characters in the longest piece"] == 18
    parts = ["begin a word, or are one", "continue a word", "special", "unused rows, free for new words"]
    assert facts[parts].sum() == len(pieces)


def test_the_vocabulary_is_in_the_order_of_its_ids(mini_bert):
    ids = list(v.vocabulary(mini_bert.wordpiece).values())
    assert ids == list(range(len(ids)))
    assert v.prefix(mini_bert.wordpiece) == "##"


@pytest.mark.parametrize("how", v.HOW)
def test_every_hit_matches_and_every_match_is_hit(mini_bert, how):
    pieces = v.vocabulary(mini_bert.wordpiece)
    hits = v.search(pieces, "an", how, limit=10**6)
    test = {"begins with": str.startswith, "contains": str.__contains__, "ends with": str.endswith}[how]
    assert set(hits.table["piece"]) == {p for p in pieces if test(p.removeprefix("##"), "an")}
    assert hits.more == 0
