"""
fault = "transposes the weight in place"
sentence = "Your result is right, but afterwards the weight is another one: it was transposed in \
place. A function must leave its arguments as they are."
caught_by = ["2b.integer_linear.values", "2b.integer_linear.beyond_float32"]
"""


def integer_linear(input, weight):
    rows = weight.t_().double()
    return (input.double() @ rows).to(torch.int32)
