"""What a layer knows: probes by layer with their control, and which head does what."""
