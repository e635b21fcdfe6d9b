"""Pre-training: a tiny BERT learns masked words from nothing, on a small text."""
