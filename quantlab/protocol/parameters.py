"""The parameters of the graded functions, in the order of their signatures."""

from quantlab.protocol.calls import Input, Program

PARAMETERS = {
    "linear_quantize": ("input", "scale", "zero_point", "N_bits", "signed"),
    "linear_quantize_STE": ("input", "scale", "zero_point", "N_bits", "signed"),
    "linear_dequantize": ("input", "scale", "zero_point"),
    "get_scale": ("input", "N_bits"),
    "reset_scale_and_zero_point": ("input", "N_bits", "method"),
    "integer_linear": ("input", "weight"),
    "integer_conv2d": ("input", "weight", "stride", "padding", "dilation", "groups"),
    "quantized_linear_function": ("input", "weight", "bias", "input_scale", "weight_scale"),
    "quantized_conv2d_function": (
        *("input", "weight", "bias", "input_scale", "weight_scale"),
        *("stride", "padding", "dilation", "groups"),
    ),
    "variable_precision_search": ("layer_sizes", "evaluate", "candidate_bits", "accuracy_floor"),
}


def parameter_of(program: Program, name: str) -> str:
    """Return the parameter that gets the input `name` of a program; `name` if no call has it."""
    for call in program.calls:
        passed = {**dict(zip(PARAMETERS[call.target], call.args, strict=False)), **call.kwargs}
        for parameter, value in passed.items():
            if isinstance(value, Input) and value.name == name:
                return parameter
    return name
