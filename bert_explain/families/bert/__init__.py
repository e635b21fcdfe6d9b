"""BERT (Devlin et al. 2019): segments, a pooler, heads for masked words and for the next sentence."""
