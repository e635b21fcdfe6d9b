"""DistilBERT (Sanh et al. 2019): BERT's layers, half of them, without segments, pooler and next-sentence head."""
