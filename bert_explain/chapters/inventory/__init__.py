"""Before and after: twelve ideas, asked before and after the walk; the result is the reader's own."""
