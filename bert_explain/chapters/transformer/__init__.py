"""Transformer: the encoder-decoder of 2017, which half became what, every parameter counted."""
