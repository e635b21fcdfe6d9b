"""What several chapters use: plain values and functions, without torch and without Streamlit."""
