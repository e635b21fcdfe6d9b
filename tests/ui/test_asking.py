"""The job that a question's evidence is: what it weighs, and what is seen while it waits."""

from types import SimpleNamespace

import pytest

from bert_explain import chapters
from bert_explain.engines.jobs import DEAR, LIGHT, RUNNING, WAITING
from bert_explain.learning.question import Ask, Question
from bert_explain.query import Query
from bert_explain.ui import asking, working

PAGE = SimpleNamespace(model=SimpleNamespace(name="no model"))
ASK = Ask(Query("a"), None, None)


@pytest.fixture
def submitted(monkeypatch):
    """What was handed to the jobs, and the one job that they give."""
    job = SimpleNamespace(costs=[], done=True, over=False, state=RUNNING, share=0.5)
    job.wait = lambda timeout: job.done

    def submit(key, session, work, *, cost, label):
        job.costs.append(cost)
        return job

    jobs = SimpleNamespace(submit=submit, find=lambda key: None, drop=lambda key: None)  # none has failed before
    monkeypatch.setattr(asking, "JOBS", jobs)
    return job


@pytest.mark.parametrize("cost", [3.0, 2_000.0])
def test_a_question_is_a_job_of_its_own_weight(submitted, cost):
    assert asking.ready(PAGE, Question("q", {}, None, long=True, cost=cost), ASK)
    assert asking.ready(PAGE, Question("r", {}, None, long=True), ASK)
    assert submitted.costs == [cost, Question("r", {}, None).cost]
    assert LIGHT <= submitted.costs[1] < DEAR


@pytest.mark.parametrize(
    ("name", "weight"), [("fine_tuning", DEAR), ("features", DEAR), ("pre_training", LIGHT), ("sees", LIGHT)]
)
def test_a_question_that_trains_weighs_what_the_training_weighs_elsewhere(name, weight):
    costs = [question.cost for question in chapters.load(name).questions if question.long]
    assert costs
    assert all(cost >= weight for cost in costs)


def test_a_question_that_waits_for_its_turn_says_so(monkeypatch):
    seen = []
    monkeypatch.setattr(working, "st", SimpleNamespace(progress=lambda share, text: seen.append((share, text))))
    monkeypatch.setattr(working, "place_of", lambda labels: "its turn")
    job = SimpleNamespace(state=WAITING, share=0.5, text="", label="a question")
    jobs = SimpleNamespace(before=lambda job: None, ahead=lambda job: [])
    monkeypatch.setattr(working, "JOBS", jobs)
    for job.state in (WAITING, RUNNING):
        working.bar(job, asking.ASKING)
    assert seen == [(0.0, "its turn"), (0.5, asking.ASKING)]
