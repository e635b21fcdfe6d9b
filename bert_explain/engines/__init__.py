"""What runs a model: in this process now. Nothing above knows torch; values go in, records of numpy arrays come out."""
