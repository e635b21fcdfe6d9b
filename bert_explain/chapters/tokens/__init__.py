"""Tokens: how WordPiece cuts words, step by step; normalisation; special tokens; the vocabulary."""
