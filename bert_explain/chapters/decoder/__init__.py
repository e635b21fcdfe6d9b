"""OpenAI Transformer: a decoder, which sees only the past, and writes."""
