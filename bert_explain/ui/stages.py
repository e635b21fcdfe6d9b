"""The pages in reading order, in groups: the way to BERT, BERT itself, all of them side by side, and BERT at work."""

from __future__ import annotations

from dataclasses import dataclass

BEFORE, BERT, BESIDE, USING = GROUPS = "Before BERT", "BERT", "Side by side", "Using BERT"


@dataclass(frozen=True)
class Stage:
    """One page: its name, its chapter's folder, its file, its address, its group, and the thumbnail that it carries in the
    strip (BERT's stages)."""

    name: str
    chapter: str
    file: str
    path: str
    picture: str = ""
    group: str = BERT


STAGES = (
    Stage("Text", "home", "app.py", "", "text"),
    Stage("Word vectors", "vectors", "pages/9_Word_vectors.py", "Word_vectors", group=BEFORE),
    Stage("ELMo", "elmo", "pages/10_ELMo.py", "ELMo", group=BEFORE),
    Stage("OpenAI Transformer", "decoder", "pages/11_OpenAI_Transformer.py", "OpenAI_Transformer", group=BEFORE),
    Stage("Transformer", "transformer", "pages/12_Transformer.py", "Transformer", group=BEFORE),
    Stage("Tokens", "tokens", "pages/2_Tokens.py", "Tokens", "tokens"),
    Stage("Input embeddings", "embeddings", "pages/3_Input_embeddings.py", "Input_embeddings", "embeddings"),
    Stage("Inside a layer", "layer", "pages/4_Inside_a_layer.py", "Inside_a_layer", "layers"),
    Stage("Attention", "attention", "pages/5_Attention.py", "Attention", "attention"),
    Stage("Masked words", "masked_words", "pages/6_Masked_words.py", "Masked_words", "words"),
    Stage("Next sentence", "next_sentence", "pages/7_Next_sentence.py", "Next_sentence", "next"),
    Stage("Outputs", "outputs", "pages/8_Outputs.py", "Outputs", "outputs"),
    Stage("Same word", "same_word", "pages/13_Same_word.py", "Same_word", group=BESIDE),
    Stage("What each model sees", "sees", "pages/14_What_each_model_sees.py", "What_each_model_sees", group=BESIDE),
    Stage("What people get wrong", "confusions", "pages/16_What_people_get_wrong.py", "What_people_get_wrong", group=BESIDE),
    Stage("Replicate the paper", "replicate", "pages/17_Replicate_the_paper.py", "Replicate_the_paper", group=BESIDE),
    Stage("Fine-tuning", "fine_tuning", "pages/15_Fine_tuning.py", "Fine_tuning", group=USING),
    Stage("Features", "features", "pages/19_Features.py", "Features", group=USING),
    Stage("What changed the answer", "changed", "pages/20_What_changed_the_answer.py", "What_changed_the_answer", group=USING),
    Stage("Any task model", "any_task", "pages/21_Any_task_model.py", "Any_task_model", group=USING),
    Stage("What a layer knows", "layer_knows", "pages/22_What_a_layer_knows.py", "What_a_layer_knows", group=USING),
    Stage("Pre-training", "pre_training", "pages/23_Pre_training.py", "Pre_training", group=USING),
)

# Reached by a link, and in no menu: neither before nor after another page.
ASIDE = (Stage("Before and after", "inventory", "pages/18_Before_and_after.py", "Before_and_after", group=BESIDE),)


def index(name: str) -> int:
    """Place of a page in reading order. Raises ValueError for a name that is no page's."""
    return [stage.name for stage in STAGES].index(name)


def of_chapter(name: str) -> Stage:
    """A page by its chapter's name. Raises KeyError for a name that is no chapter's."""
    return {stage.chapter: stage for stage in (*STAGES, *ASIDE)}[name]


def stage(name: str) -> Stage:
    """A page by its name. Raises ValueError for a name that is no page's."""
    return STAGES[index(name)]
