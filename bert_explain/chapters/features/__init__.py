"""Features: BERT as it is, a logistic regression on its vectors; which layer, which pooling, how many examples."""
