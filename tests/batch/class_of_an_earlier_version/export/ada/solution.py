def linear_dequantize(input, scale, zero_point):
    return scale * (input + zero_point)
