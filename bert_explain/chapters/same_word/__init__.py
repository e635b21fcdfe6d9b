"""Same word, different company: one word in up to twelve sentences under five models."""
