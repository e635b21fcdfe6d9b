"""BERT explained on your own sentences: one forward pass, and every number of it to look at."""

__version__ = "0.1.0"
