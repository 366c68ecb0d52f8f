"""
fault = "reshapes the weight where it should be transposed"
sentence = "Your weight has the shape of its transpose, but not its order: reshaping keeps the \
elements in a row, transposing exchanges rows and columns. Output o needs row o of the weight."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    columns = weight.double().reshape(weight.shape[1], weight.shape[0])
    return (input.double() @ columns).to(torch.int32)
