from bert_explain.ui.frame import show

show("changed")
