"""Next sentence: does B follow A? Swap, flip, replace; many pairs at once; what it gets wrong."""
