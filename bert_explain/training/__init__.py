"""How the bundled models were made. `python -m bert_explain.training all --text FOLDER` makes them all again."""
