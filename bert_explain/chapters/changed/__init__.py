"""What changed the answer: words, heads and layers held accountable for one answer, and each claim tried by taking them away."""
