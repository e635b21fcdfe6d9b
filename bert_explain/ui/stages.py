"""The pages in reading order, in three groups: the way to BERT, BERT itself, and all of them side by side."""

from __future__ import annotations

from dataclasses import dataclass

BEFORE, BERT, BESIDE = GROUPS = "Before BERT", "BERT", "Side by side"


@dataclass(frozen=True)
class Stage:
    """One page: its name, its file, its address, the thumbnail it carries in the strip (BERT's stages), its group."""

    name: str
    file: str
    path: str
    picture: str = ""
    group: str = BERT


STAGES = (
    Stage("Text", "app.py", "", "text"),
    Stage("Word vectors", "pages/9_Word_vectors.py", "Word_vectors", group=BEFORE),
    Stage("ELMo", "pages/10_ELMo.py", "ELMo", group=BEFORE),
    Stage("OpenAI Transformer", "pages/11_OpenAI_Transformer.py", "OpenAI_Transformer", group=BEFORE),
    Stage("Transformer", "pages/12_Transformer.py", "Transformer", group=BEFORE),
    Stage("Tokens", "pages/2_Tokens.py", "Tokens", "tokens"),
    Stage("Input embeddings", "pages/3_Input_embeddings.py", "Input_embeddings", "embeddings"),
    Stage("Inside a layer", "pages/4_Inside_a_layer.py", "Inside_a_layer", "layers"),
    Stage("Attention", "pages/5_Attention.py", "Attention", "attention"),
    Stage("Masked words", "pages/6_Masked_words.py", "Masked_words", "words"),
    Stage("Next sentence", "pages/7_Next_sentence.py", "Next_sentence", "next"),
    Stage("Outputs", "pages/8_Outputs.py", "Outputs", "outputs"),
    Stage("Same word", "pages/13_Same_word.py", "Same_word", group=BESIDE),
    Stage("What each model sees", "pages/14_What_each_model_sees.py", "What_each_model_sees", group=BESIDE),
)


def index(name: str) -> int:
    """Place of a page in reading order. Raises ValueError for a name that is no page's."""
    return [stage.name for stage in STAGES].index(name)


def stage(name: str) -> Stage:
    """A page by its name. Raises ValueError for a name that is no page's."""
    return STAGES[index(name)]
