"""Questions, steps and chapters as values, and what can be said of a guess: pure, no Streamlit, no torch."""
