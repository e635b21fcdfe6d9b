"""What each model sees: one hidden word, five readers: what each was allowed to read, and what it expects there."""
