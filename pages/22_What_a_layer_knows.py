from bert_explain.ui.frame import show

show("layer_knows")
