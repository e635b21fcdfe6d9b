"""Home: what BERT is in six sentences, and the reader's own pair going through all of it at once."""
