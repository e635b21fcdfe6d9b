from bert_explain.ui.frame import show

show("any_task")
