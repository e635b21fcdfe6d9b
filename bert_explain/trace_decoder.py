"""The decoder's trace and its writing; see `core.trace` and `engines.decoding`."""

from bert_explain.core.trace import DecoderTrace
from bert_explain.engines.decoding import Step, generate, next_logits, run_decoder, start_ids
from bert_explain.sampling import Choice, Settings

__all__ = ["Choice", "DecoderTrace", "Settings", "Step", "generate", "next_logits", "run_decoder", "start_ids"]
