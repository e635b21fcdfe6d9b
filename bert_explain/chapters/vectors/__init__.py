"""Word vectors: one vector for each word, whatever sentence it stands in."""
