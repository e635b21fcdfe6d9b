"""ELECTRA (Clark et al. 2020): a generator, which guesses hidden words, and a discriminator, which tells replaced words."""
