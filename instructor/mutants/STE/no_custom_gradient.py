"""
fault = "linear_quantize itself, with the true gradient of rounding"
sentence = "Your gradient is zero everywhere, as the true gradient of rounding is; nothing in \
front of it could learn. The estimator passes one on as if the rounding were not \
there."
caught_by = ["2a.STE.gradient", "2a.STE.arguments"]
"""

linear_quantize_STE = linear_quantize
