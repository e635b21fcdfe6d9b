"""Scores in files and in model cards."""

from bert_explain.training import cards


def test_a_card_is_brought_up_to_date_and_keeps_its_words(tmp_path):
    card = tmp_path / "README.md"
    card.write_text("# mini\n\nWords.\n\n<!-- scores -->\nold\n<!-- /scores -->\n\nMore words.\n", encoding="utf-8")
    cards.update(tmp_path, {"masked_top1": 0.43214, "perplexity": 1234.5})
    cards.update(tmp_path, {"masked_top1": 0.44})
    text = card.read_text(encoding="utf-8")
    assert cards.read(tmp_path) == {"masked_top1": 0.44, "perplexity": 1234.5}
    assert "old" not in text
    assert "| masked words, top-1 (15 % masked, held-out documents) | 44.0% |" in text
    assert "| perplexity per piece (held-out documents) | 1,234.5 |" in text
    assert text.startswith("# mini\n\nWords.")
    assert text.endswith("More words.\n")


def test_a_folder_without_scores_has_none(tmp_path):
    assert cards.read(tmp_path) == {}
