"""What every test may use."""

import os
import sys
import zlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

from tests.thorough import THOROUGH

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# No test fails on a clock.
settings.register_profile("bert_explain", deadline=None)
settings.load_profile("bert_explain")

# Before anything imports transformers or torch: no test reaches for the network, and tests that run side by
# side keep to one thread each.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The models of the tests are the bundled ones, whatever this shell serves.
os.environ.pop("BERT_EXPLAIN_MODEL", None)
os.environ.pop("BERT_EXPLAIN_MODELS", None)


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of each walk every sixth case; which one comes first differs from walk to walk, so together they see most chapters."""
    later = pytest.mark.skip(reason="every sixth is walked here, all of them by make thorough")
    seen: Counter[str] = Counter()
    for item in items:
        walk = item.nodeid.partition("[")[0]
        if item.get_closest_marker("walk"):
            item.add_marker(pytest.mark.rest)
            if not THOROUGH and (seen[walk] + zlib.crc32(walk.encode())) % 6:
                item.add_marker(later)
            seen[walk] += 1


@pytest.fixture(scope="session")
def mini_bert():
    """The bundled model, loaded once a process."""
    import torch

    from bert_explain import models

    torch.set_num_threads(1)
    return models.load("mini-bert")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder beside this one with larger fixtures; tests that need it are skipped without it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder ../shared, which is not here")
    return folder


def pytest_sessionfinish() -> None:
    """What pages began beside themselves is ended before Python is: a thread inside torch would end it with a signal."""
    jobs = sys.modules.get("bert_explain.engines.jobs")
    if jobs is not None:
        jobs.JOBS.close()
        jobs.JOBS.wait(30)


@pytest.fixture
def short_trainings(monkeypatch):
    """What the questions of Fine-tuning train, in a fifth of the time: for tests of what is said, whatever comes of it."""
    from bert_explain.chapters.fine_tuning import numbers

    monkeypatch.setitem(numbers.ASKED, "epochs", 1)
