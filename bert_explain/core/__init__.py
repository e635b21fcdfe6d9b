"""What everything speaks of: a query, its tokens, a trace, a model's description. Values and numpy; no torch, no page."""
