"""ELMo: two language models over characters, one a direction, and the mix of their layers."""
