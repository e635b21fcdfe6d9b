"""What people get wrong: a card for each confusion that running a model can refute, or confirm."""
