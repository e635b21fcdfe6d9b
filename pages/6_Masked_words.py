from bert_explain.ui.frame import show

show("masked_words")
