"""Inside a layer: one head redone by hand with its real numbers; then projection, residual, LayerNorm, feed-forward."""
