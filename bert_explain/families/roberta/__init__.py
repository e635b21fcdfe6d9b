"""RoBERTa (Liu et al. 2019): BERT's layers, trained on masked words only; byte-level pieces, no segments."""
