"""What every test may use."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# Before anything imports transformers or torch: no test reaches for the network, and tests that run side by
# side keep to one thread each.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The models of the tests are the bundled ones, whatever this shell serves.
os.environ.pop("BERT_EXPLAIN_MODEL", None)
os.environ.pop("BERT_EXPLAIN_MODELS", None)


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
