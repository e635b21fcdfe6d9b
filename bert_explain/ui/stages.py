"""The pages in their order: the stages of the pipeline that the strip shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One page: its name in the strip, its file, its address, and the thumbnail it carries."""

    name: str
    file: str
    path: str
    picture: str


STAGES = (
    Stage("Text", "app.py", "", "text"),
    Stage("Tokens", "pages/2_Tokens.py", "Tokens", "tokens"),
    Stage("Input embeddings", "pages/3_Input_embeddings.py", "Input_embeddings", "embeddings"),
    Stage("Inside a layer", "pages/4_Inside_a_layer.py", "Inside_a_layer", "layers"),
    Stage("Attention", "pages/5_Attention.py", "Attention", "attention"),
    Stage("Masked words", "pages/6_Masked_words.py", "Masked_words", "words"),
    Stage("Next sentence", "pages/7_Next_sentence.py", "Next_sentence", "next"),
    Stage("Outputs", "pages/8_Outputs.py", "Outputs", "outputs"),
)


def index(name: str) -> int:
    """Place of a stage in the pipeline. Raises ValueError for a name that is not a stage."""
    return [stage.name for stage in STAGES].index(name)
