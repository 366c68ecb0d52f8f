# %% role="drop"
"""Cells of main.ipynb: questions 2a to 2c, from the estimator to quantization after training.

The attributes of a cell are explained in authoring/build/notebook.py.
"""

# %% [markdown] cell="q2"
# ## 2. Quantization after training and during training ({{points 2}} points)
#
# **Post-training quantization (PTQ)** takes a trained network as it is. The weights are known;
# the activations depend on the images, so a few of them (or synthetic ones) are run through the
# network to calibrate. **Quantization-aware training (QAT)** puts quantizer and dequantizer into
# the training, so that the weights learn to live on their grid.
#
# ### 2a. The straight-through estimator ({{points 2a}} points)
#
# Rounding has slope 0 wherever it has one, so no gradient gets through. The straight-through
# estimator (Bengio et al. 2013) treats quantization *followed by recovery* as the identity on the
# way back. Complete `_quantize_func_STE`, whose forward pass is the first half of that pair.

# %% cell="check-2a"
check("2a")

# %% cell="hint-2a"
# A hint for each function that is not right yet: level 1, 2 or 3, from a question to an example.
hint("2a", 1)

# %% cell="gradient"
with waiting():
    x = torch.linspace(-1.4, 1.4, 1001, requires_grad=True)
    functions = InAnyForm(solution)
    recovered = functions.linear_dequantize(functions.linear_quantize_STE(x, 0.25, 0, 3), 0.25, 0)
    recovered.sum().backward()
    display(plots.gradient(x, recovered, x.grad))

# %% role="auto" cell="auto-2a"

# %% [markdown] cell="q2b"
# ### 2b. Layers in integers ({{points 2b}} points)
#
# With signed weights and unsigned activations, both with zero point 0,
#
# $$y = \sum x w + b = \sum (s_x x_{\text{int}})(s_w w_{\text{int}}) + s_x s_w b_{\text{int}}
# = s_x s_w \left(\sum x_{\text{int}} w_{\text{int}} + b_{\text{int}}\right) \qquad (6)$$
#
# so that everything that costs time is done in integers, and two scales are multiplied in at the
# very end. Complete `integer_linear`, `integer_conv2d`, and with them alone
# `quantized_linear_function` and `quantized_conv2d_function`.

# %% cell="check-2b"
check("2b")

# %% cell="hint-2b"
# A hint for each function that is not right yet: level 1, 2 or 3, from a question to an example.
hint("2b", 1)

# %% [markdown] cell="agreement-text"
# Training uses *fake* quantization: real numbers on a grid, an ordinary convolution. Is it the same
# network? The next cell takes a layer of ResNet-20, computes its accumulator with your
# `integer_conv2d`, and looks for the same integers in the output of the fake-quantized layer, as
# $\lfloor y / (s_x s_w) \rceil$.

# %% cell="agreement"
with waiting():
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

# %% role="auto" cell="auto-2b"

# %% [markdown] cell="q2c"
# ### 2c. Post-training quantization of ResNet-20 ({{points 2c}} points)
#
# Your functions now run inside the layers of ResNet-20: every convolution but the first, which sees
# signed images and stays in floating point, and the classifier. W4A2 means 4 bits for weights, 2
# for activations. Measure the PTQ half of Table 1. *About 1 minute on a T4; 3 minutes on a
# processor.* Hint: expect more than 80 % at W4A4 on CIFAR-10.

# %% cell="ptq"
images = session.calibration

with waiting(), fast_integers_if_exact(solution):
    for method in ("SAWB", "sym"):
        for cell in tqdm(CELLS, desc=f"PTQ, {method}"):
            network = quantize_model(
                session.float_model, solution, *cell_bits(cell), method, images
            )
            accuracy = session.accuracy(network)
            session.answers.record_accuracy("ptq", cell, method, accuracy)
display(tables.accuracy_table(session.answers.read()))

# %% [markdown] cell="synthetic-text"
# **Without any image.** Training images may be secret, or lost. Two substitutes: Gaussian noise,
# and noise that was changed until every batch normalization of the network sees the mean and the
# variance that it remembers from training (zero-shot quantization). *About 1 minute on a
# processor.*

# %% cell="synthetic"
with waiting(), fast_integers_if_exact(solution):
    count, steps = (64, 12) if session.fast else (256, 100)
    sources = {
        "training images": images,
        "Gaussian noise": gaussian_images(count),
        "matched noise": matched_images(session.float_model, count, steps),
    }
    part = session.held_out.subset(torch.arange(500 if session.fast else 2_000))
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
