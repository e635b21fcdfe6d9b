"""Replicate the paper: six results that papers report, measured again on the model at hand."""
