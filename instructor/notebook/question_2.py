# %% role="drop"
"""Cells of main.ipynb: questions 2a to 2c, from the estimator to quantization after training.

The attributes of a cell are explained in authoring/build/notebook.py.
"""

# %% [markdown] cell="q2"
# ## 2. Quantization after training and during training ({{points 2}} points)
#
# **Goal.** Use the quantizer of question 1 inside a trained network, first without training and
# then with it.
#
# - **Post-training quantization (PTQ)** rounds the weights of a trained network. The weights are
#   known, but the activations depend on the images. So some images pass through the network first,
#   to find the scales of the activations. This is calibration.
# - **Quantization-aware training (QAT)** trains with quantization in the network, so that the
#   weights fit their grid.
#
# ### 2a. The straight-through estimator ({{points 2a}} points)
#
# **Goal.** Let a gradient pass through rounding.
#
# Rounding is flat between its steps. Its slope is 0 there, so no gradient passes, and nothing
# before it can be trained. The straight-through estimator (Bengio et al. 2013) changes the backward
# pass only: quantization *followed by recovery* counts as the identity.
#
# 1. Write the numbers below on paper.
# 2. Complete `_quantize_func_STE` in `solution.py`. Its forward pass is the first half of that
#    pair: quantization without recovery.
# 3. Run `check("2a")`, and `hint("2a")` if you are stuck.

# %% [markdown] cell="paper-2a"
# **On paper first.** Take two bits, signed, $s = 0.5$ and $x = [-1.9, -0.6, 0.3, 0.9]$. The loss is
# the sum of the recovered numbers, so its gradient with respect to each of them is 1. Write down
#
# 1. the codes and the recovered numbers,
# 2. the gradient of the loss with respect to the codes, by equation (3),
# 3. the gradient with respect to $x$, if the whole way counts as the identity.
#
# <details><summary>Answer</summary>
#
# 1. The codes are [-2, -1, 1, 1] and the recovered numbers [-1, -0.5, 0.5, 0.5]. The first and the
#    last number are clipped.
# 2. The gradient with respect to the codes is [0.5, 0.5, 0.5, 0.5]. One step of a code moves the
#    recovered number by $s$.
# 3. The gradient with respect to $x$ is [1, 1, 1, 1], for the clipped numbers too. Your backward
#    receives the numbers of line 2 and returns those of line 3.
#
# </details>

# %% cell="check-2a"
check("2a")

# %% cell="hint-2a"
# A hint for each function that is not right yet: level 1, 2 or 3, from a question to an example.
hint("2a", 1)

# %% cell="gradient"
with waiting():
    needs(solution, "linear_quantize", "linear_dequantize", "2a")
    x = torch.linspace(-1.4, 1.4, 1001, requires_grad=True)
    recovered = pass_estimator(solution, x, 0.25, 3)
    recovered.sum().backward()
    display(plots.gradient(x, recovered, x.grad))

# %% [markdown] cell="explore-gradient-text"
# **Move it yourself.** Trainings clamp activations to the range before they are quantized. Switch
# that on: which inputs still get a gradient?

# %% cell="explore-gradient"
with waiting():
    needs(solution, "linear_quantize", "linear_dequantize", "2a")
    widgets.explore_gradient(solution)

# %% role="auto" cell="auto-2a"

# %% [markdown] cell="q2b"
# ### 2b. Layers in integers ({{points 2b}} points)
#
# **Goal.** Compute a layer exactly, with integers alone.
#
# Weights are signed, activations unsigned, and both zero points are 0:
#
# $$y = \sum x w + b = \sum (s_x x_{\text{int}})(s_w w_{\text{int}}) + s_x s_w b_{\text{int}}
# = s_x s_w \left(\sum x_{\text{int}} w_{\text{int}} + b_{\text{int}}\right) \qquad (6)$$
#
# Every product and every sum is one of integers. The two scales are one factor at the very end.
#
# 1. Write the numbers below on paper.
# 2. Complete `integer_linear` and `integer_conv2d`: exact sums of products, in int32.
# 3. Complete `quantized_linear_function` and `quantized_conv2d_function`. Only the two functions of
#    step 2 may multiply inputs by weights.
# 4. Run `check("2b")`, and `hint("2b")` if you are stuck.

# %% [markdown] cell="paper-2b"
# **On paper first.** Take two bits and both scales 0.5. The inputs $x = [0.3, 0.9, 1.4, 0]$ have
# unsigned codes, the weights $w = [-1.2, 0.3, 0.6, -0.4]$ signed ones. The bias is $b = 0.6$. Write
# down
#
# 1. the codes of the inputs and of the weights,
# 2. the code of the bias, at the scale $s_x s_w$,
# 3. the sum of products of the codes, and $y$ by equation (6),
# 4. $\sum x w + b$ in real numbers. Which error did quantization make?
#
# <details><summary>Answer</summary>
#
# 1. The codes are [1, 2, 3, 0] and [-2, 1, 1, -1].
# 2. $s_x s_w = 0.25$, and 0.6 / 0.25 = 2.4 is rounded to 2.
# 3. The sum is -2 + 2 + 3 - 0 = 3, and $y$ = 0.25 (3 + 2) = 1.25.
# 4. -0.36 + 0.27 + 0.84 - 0 + 0.6 = 1.35. The error is -0.1.
#
# </details>

# %% cell="check-2b"
check("2b")

# %% cell="hint-2b"
# A hint for each function that is not right yet: level 1, 2 or 3, from a question to an example.
hint("2b", 1)

# %% [markdown] cell="agreement-text"
# Training uses *fake* quantization: real numbers on a grid and an ordinary convolution. Is that the
# same network? The next cell takes one layer of ResNet-20 and computes its sums with your
# `integer_conv2d`. Then it recovers integers from the output $y$ of the fake-quantized layer, as
# $\lfloor y / (s_x s_w) \rceil$. If your functions are right, all of them are equal.

# %% cell="agreement"
with waiting():
    needs(solution, "linear_quantize", "reset_scale_and_zero_point", "integer_conv2d")
    network = quantize_model(session.float_model, solution, 4, 4, "sym", session.calibration[:64])
    layer = network.get_submodule("layer2.0.conv1")
    shape = (8, layer.in_channels, 32, 32)
    inputs = torch.rand(shape, device=session.device) * layer.input_scale * 20
    with torch.no_grad(), full_float32(session.device):
        accumulator = solution.integer_conv2d(
            layer.input_codes(inputs), layer.weight_codes(), layer.stride, layer.padding
        )
        fake = F.conv2d(
            layer.fake_input(inputs), layer.fake_weight(), None, layer.stride, layer.padding
        )
    recovered = torch.round(fake / layer.accumulator_scale())
    equal = (recovered == accumulator).float().mean()
    print(f"{equal:.2%} of {recovered.numel():,} integers are recovered")
    display(plots.agreement(accumulator.flatten()[:20_000], recovered.flatten()[:20_000]))

# %% [markdown] cell="explore-layer-text"
# **Move it yourself.** Choose a layer of ResNet-20, the bits of its weights and their scale. How
# many codes does the layer use? How many weights become 0?

# %% cell="explore-layer"
with waiting():
    widgets.explore_layer(solution, session.float_model)

# %% role="auto" cell="auto-2b"

# %% [markdown] cell="q2c"
# ### 2c. Post-training quantization of ResNet-20 ({{points 2c}} points)
#
# **Goal.** Measure what quantization costs without training: the PTQ half of Table 1.
#
# Every convolution but the first is quantized, and the classifier. The first convolution sees
# signed images and stays in floating point. W8A2 means 8 bits for weights and 2 bits for
# activations.
#
# The two columns differ in both scales. Under *SAWB*, weights have the scale of your `"SAWB"`, and
# activations the scale of least squared error. Under *symmetric*, weights have the scale of your
# `"sym"`, and the range of the activations ends at the largest calibrated one. So with 8-bit
# weights the columns differ mostly by their activations.
#
# **Whose code runs.** Your `reset_scale_and_zero_point` chooses the scales of the weights, your
# `linear_quantize` makes all codes, and your `quantized_conv2d_function` and
# `quantized_linear_function` compute the layers. The scales of the activations come from
# `quantlab/network/calibration.py`. Your `integer_conv2d` and `integer_linear` are compared with
# faster ones of `quantlab`. If both return the same integers, the faster ones replace yours here.
# Otherwise yours run, and a line says so.
#
# **What you will see.** One row per pair of widths. On all test images of CIFAR-10, W4A4 with SAWB
# should reach 80 %.

# %% [markdown] cell="guess-2c-text"
# **Predict, then run.** With 2-bit weights and 8-bit activations, without any training: how many
# percent of the test images will be right (W2A8, SAWB)? Enter a number or leave `None`.

# %% cell="guess-2c"
GUESS_W2A8 = None

# %% cell="ptq"
images = session.calibration

with waiting(), fast_integers_if_exact(solution):
    needs(solution, "1a", "2b")
    time_estimates.announce_ptq(session, solution, 2 * len(CELLS))
    for method in ("SAWB", "sym"):
        for cell in progress_bar(CELLS, desc=f"PTQ, {method}"):
            network = quantize_model(
                session.float_model, solution, *cell_bits(cell), method, images
            )
            accuracy = session.accuracy(network)
            session.answers.record_accuracy("ptq", cell, method, accuracy)
answers = session.answers.read()
display(tables.accuracy_table(answers))
compare_guess(session.answers, "ptq_w2a8", GUESS_W2A8, answers.table1["ptq"]["W2A8"]["SAWB"])

# %% [markdown] cell="synthetic-text"
# **Without any image.** Training images may be secret, or lost. Two kinds of noise can replace them
# for calibration:
#
# - *Gaussian noise*: independent random pixels.
# - *Matched noise*: pixels that are changed step by step, until every batch norm of the network
#   receives the mean and the variance that it stored in training (zero-shot quantization, Cai et
#   al. 2020).
#
# **What you will see.** The accuracy on held-out images, by source of the calibration images.

# %% cell="synthetic"
with waiting(), fast_integers_if_exact(solution):
    needs(solution, "1a", "2b")
    count, steps = (64, 12) if session.fast else (256, 100)
    part = session.held_out.subset(torch.arange(500 if session.fast else 2_000))
    time_estimates.announce_substitutes(session, solution, count, steps, 6, len(part))
    sources = {
        "training images": images,
        "Gaussian noise": gaussian_images(count),
        "matched noise": matched_images(session.float_model, count, steps),
    }
    bars = {}
    for cell in ("W4A4", "W8A2"):
        bars[cell] = {}
        for source, pixels in sources.items():
            network = quantize_model(
                session.float_model, solution, *cell_bits(cell), "SAWB", pixels
            )
            bars[cell][source] = session.accuracy(network, part)
    display(network_plots.accuracy_bars(bars, f"PTQ by source, {len(part)} held-out images"))

# %% role="auto" cell="auto-2c"
