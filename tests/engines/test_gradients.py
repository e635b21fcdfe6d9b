"""What attributions ask of the engine: answers of many queries at once, gradients by the token rows; captum beside them."""

import numpy as np
import pytest
import torch
from captum.attr import FeatureAblation, LayerGradientXActivation, LayerIntegratedGradients
from scipy.special import softmax

from bert_explain.chapters.changed import answers, numbers
from bert_explain.core.errors import BadQuery, Missing
from bert_explain.core.target import Target, probability, runs, sums
from bert_explain.engines import local
from bert_explain.kernel import attribution
from bert_explain.kernel.attribution import HIDDEN, SPECIAL
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert, tiny_electra, tiny_roberta

TEXTS = Query("The cold river water.", "The bank s.")
MODELS = {
    "bert": lambda: tiny_bert(),
    "distilbert": lambda: tiny_bert("distilbert"),
    "no segments": lambda: tiny_bert("no segments"),
    "roberta": tiny_roberta,
    "electra": lambda: tiny_electra("generator"),
}


def log_odds(logits: np.ndarray, wanted: int) -> float:
    """log P / (1 - P) of one of a softmax's choices."""
    p = softmax(logits.astype(np.float64))
    return float(np.log(p[wanted]) - np.log(np.delete(p, wanted).sum()))


def test_log_odds_by_hand():
    logits = torch.tensor([0.5, 0.3, 0.2]).log()

    def odds(wanted: int, against: int | None = None, alone: bool = False) -> float:
        return float(local._log_odds(logits, Target("label", wanted, against, alone=alone)))

    assert odds(0) == pytest.approx(0, abs=1e-6)
    assert odds(1) == pytest.approx(np.log(0.3 / 0.7))
    assert odds(0, 2) == pytest.approx(np.log(2.5))
    assert odds(1, alone=True) == pytest.approx(np.log(0.3))
    assert probability(odds(2)) == pytest.approx(0.2)
    assert probability(np.array([-800.0, 800.0])).tolist() == [0, 1]


def test_runs_and_their_sums_by_hand():
    assert runs(3, 4).tolist() == [[3, 3], [3, 4], [4, 4], [0, 0]]
    assert runs(0, -1).tolist() == [[0, 0]]
    many = runs(5, 45)
    assert len({tuple(run) for run in many}) == len(many) == 30 * 12 + 29 * 30 // 2 + 1  # 30 from each of 5 to 16, then fewer
    assert max(last - first for first, last in many) == 29
    logits = np.array([[1.0, 2.0], [0, 0], [0, 0], [10, 20], [30, 40]])
    assert sums(logits, runs(3, 4)).tolist() == [30, 50, 70, 3]


@pytest.mark.parametrize("kind", MODELS)
def test_many_queries_at_once_are_read_as_each_alone(kind):
    model = MODELS[kind]()
    base = TEXTS.but(masked=(2,))
    some = [
        base,
        base.but(masked=(2, 3)),
        base.but(heads_off=((0, 1), (1, 0))),
        base.but(segments="flipped"),
        base.but(positions="shuffled", seed=3),
        base.but(positions="removed"),
        base.but(tokens="removed"),
        base.but(text_b=""),
        base.but(replaced=((4, 6),)),
    ]
    target = Target("words", 7, position=2)
    odds, first = run(model, base).engine.read(some, [target] * len(some))
    for i, query in enumerate(some):
        logits = run(model, query).mlm_logits([2])[0]
        assert odds[i] == pytest.approx(log_odds(logits, 7), abs=1e-4)
        assert first[i] == logits.argmax()
    assert run(model, base).engine.read([], [])[0].shape == (0,)


def test_next_sentence_and_one_word_against_another():
    trace = run(tiny_bert(), TEXTS)
    odds, first = trace.engine.read([TEXTS, TEXTS], [Target("next", 0), Target("words", 6, 7, position=1)])
    assert probability(odds[0]) == pytest.approx(trace.nsp[0], abs=1e-6)
    assert first[0] == trace.nsp.argmax()
    logits = trace.mlm_logits([1])[0]
    assert odds[1] == pytest.approx(logits[6] - logits[7], abs=1e-5)


@pytest.mark.parametrize("kind", MODELS)
def test_the_gradient_is_what_a_small_step_does(kind):
    model = MODELS[kind]()
    query = TEXTS.but(masked=(2,), heads_off=((1, 1),))
    trace = run(model, query)
    rows = trace.engine.tables().token[[t.id for t in trace.tokens]].astype(float)
    target = Target("words", 7, position=2)
    odds, slopes = trace.engine.gradients(query, target, rows[None])
    assert odds[0] == pytest.approx(log_odds(trace.mlm_logits([2])[0], 7), abs=1e-4)
    assert slopes.shape == (1, *rows.shape)
    rng, step = np.random.default_rng(0), 1e-2
    for _ in range(3):
        way = rng.normal(size=rows.shape)
        way /= np.linalg.norm(way)
        ends, _ = trace.engine.gradients(query, target, np.stack([rows + step * way, rows - step * way]))
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx((slopes[0] * way).sum(), abs=5e-3)


def test_where_no_gradient_can_flow_it_is_zero_and_what_does_not_fit_is_said():
    query = TEXTS.but(tokens="removed", masked=(2,))
    trace = run(tiny_bert(), query)
    rows = np.ones((1, len(trace.tokens), 8))
    with torch.inference_mode():  # as a thread may stand
        assert not trace.engine.gradients(query, Target("words", 7, position=2), rows)[1].any()
    with pytest.raises(BadQuery, match="do not fit"):
        trace.engine.gradients(query, Target("words", 7, position=2), rows[:, 1:])
    with pytest.raises(Missing):
        trace.engine.read([query], [Target("label", 0)])
    with pytest.raises(Missing):
        run(tiny_bert("no heads"), TEXTS).engine.read([TEXTS], [Target("next", 0)])


# captum, on Hugging Face's own forward pass of the bundled model -------------------------------------------------------
@pytest.fixture(scope="module", params=["words", "next"])
def both(request, mini_bert):
    """A case of ours, and the same number as captum's: a function of ids (N, T) and segments."""
    trace = run(mini_bert, Query("She walked to the bank of the river.", "The water was cold."))
    found = answers.case(trace, 5, lambda query: run(mini_bert, query), request.param)
    ids = torch.tensor([[t.id for t in found.trace.tokens]])
    segments = torch.tensor([[t.segment for t in found.trace.tokens]])
    module, target = mini_bert.module, found.target

    def odds(some: torch.Tensor) -> torch.Tensor:
        out = module(input_ids=some, token_type_ids=segments.expand_as(some))
        logits = out.prediction_logits[:, target.position] if target.head == "words" else out.seq_relationship_logits
        others = logits.clone()
        others[:, target.wanted] = float("-inf")
        return logits[:, target.wanted] - torch.logsumexp(others, dim=-1)

    baseline = ids.clone()
    for unit in found.parts:
        if unit.kind not in (SPECIAL, HIDDEN):
            baseline[0, list(unit.positions)] = mini_bert.spec.mask_id
    return found, odds, ids, baseline, module.bert.embeddings.word_embeddings


def test_integrated_gradients_equal_captums(both):
    found, odds, ids, baseline, layer = both
    path = numbers.integrated(found)
    theirs = LayerIntegratedGradients(odds, layer).attribute(ids, baseline, n_steps=path.steps, method="gausslegendre")
    np.testing.assert_allclose(path.values, theirs[0].sum(-1).detach().numpy(), atol=2e-3)
    assert path.end == pytest.approx(float(odds(ids)), abs=1e-4)
    assert path.start == pytest.approx(float(odds(baseline)), abs=1e-4)
    assert path.complete
    assert path.error <= 0.01


def test_gradient_x_input_equals_captums(both):
    found, odds, ids, _, layer = both
    theirs = LayerGradientXActivation(odds, layer).attribute(ids)
    ours = numbers.attributed(found, "product").values
    np.testing.assert_allclose(ours, attribution.summed(theirs[0].sum(-1).detach().numpy(), found.parts), atol=1e-3)


def test_occlusion_equals_captums(both, mini_bert):
    found, odds, ids, _, _ = both
    groups = torch.zeros_like(ids)
    for i, unit in enumerate(found.parts):
        groups[0, list(unit.positions)] = i
    theirs = FeatureAblation(odds).attribute(ids, mini_bert.spec.mask_id, feature_mask=groups)
    first = [unit.positions[0] for unit in found.parts]
    ours = numbers.attributed(found, "occlusion").values
    np.testing.assert_allclose(ours, theirs[0].detach().numpy()[first], atol=1e-3)
