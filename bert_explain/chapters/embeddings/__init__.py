"""Input embeddings: token + segment + position = sum, then LayerNorm, number by number."""
