"""Masked words: hide a word, see what BERT expects; the 80/10/10 recipe and its loss."""
