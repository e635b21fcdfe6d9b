"""ELMo's trace; see `core.trace_elmo` and `engines.elmo`."""

from bert_explain.core.trace_elmo import MOST_WORDS, CharacterRead, ElmoTrace, Guesses, Word, split
from bert_explain.engines.elmo import read_word, run_elmo

__all__ = ["MOST_WORDS", "CharacterRead", "ElmoTrace", "Guesses", "Word", "read_word", "run_elmo", "split"]
