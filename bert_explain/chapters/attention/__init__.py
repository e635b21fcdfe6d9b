"""Attention: every head's heat map; one head large; rollout; what each head does; heads switched off."""
