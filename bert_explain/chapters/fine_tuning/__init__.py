"""Outputs: one vector a position; cosines by layer, a map, the pooler; download them."""
