from bert_explain.ui.frame import show

show("pre_training")
