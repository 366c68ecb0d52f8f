def load_shapes10(split): raise NotImplementedError
