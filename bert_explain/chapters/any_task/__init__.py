"""Any task model: which head stands on a model, and what it says of a text: a label, a tag for each word, an answer."""
