"""Words of ours name special tokens as the model at hand writes them; sentences about BERT itself keep its names."""

import pytest

from bert_explain.core.spec import Special, Specials
from bert_explain.kernel import own_tokens

BERT = Specials(Special(0, "[CLS]"), Special(1, "[SEP]"), Special(2, "[MASK]"), Special(3, "[UNK]"), Special(4, "[PAD]"))
ROBERTA = Specials(Special(0, "<s>"), Special(2, "</s>"), Special(9, "<mask>"), Special(3, "<unk>"), Special(1, "<pad>"))
NO_MASK = Specials(Special(0, "<s>"), Special(2, "</s>"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The vector of [CLS].", "The vector of <s>."),
        ("`[MASK]` hides, [PAD] fills, [UNK] stands for the rest.", "<mask> hides, <pad> fills, <unk> stands for the rest."),
        ("Put [MASK] there. In BERT, [SEP] ends it. Then [SEP].", "Put <mask> there. In BERT, [SEP] ends it. Then </s>."),
        ("**The claim.** In BERT, [SEP] gets most.", "**The claim.** In BERT, [SEP] gets most."),
        ("- In BERT-base: [SEP]\n- here [SEP]", "- In BERT-base: [SEP]\n- here </s>"),
        ("Devlin et al. call it [CLS]!", "Devlin et al. call it <s>!"),
        ("No token, [cls] and [ CLS ] neither.", "No token, [cls] and [ CLS ] neither."),
        ("", ""),
    ],
)
def test_each_token_has_the_name_that_the_model_gives_it(text, wanted):
    assert own_tokens.plain(text, ROBERTA) == wanted
    assert own_tokens.plain(text, BERT) == text
    assert own_tokens.in_markdown(text, BERT) == text


def test_code_stays_code_and_the_rest_is_escaped_in_markdown():
    assert own_tokens.in_markdown("`[CLS]` and [CLS], *both*", ROBERTA) == r"`<s>` and \<s\>, *both*"
    odd = Specials(Special(0, "`*x*"), Special(1, "e"))
    assert own_tokens.in_markdown("`[CLS]`", odd) == r"\`\*x\*"


def test_what_the_model_lacks_keeps_the_name():
    assert own_tokens.plain("[MASK] and [CLS]", NO_MASK) == "[MASK] and <s>"


def test_names_are_those_outside_sentences_about_bert():
    assert own_tokens.names("In BERT, [CLS] stands in front. Here `[SEP]` does.") == {"[SEP]"}
    assert own_tokens.names("no token") == set()
