# %% role="drop"
# mypy: ignore-errors
"""The master of extensions.ipynb, which `python -m baselines.build_lab_notebook` writes from it."""

# %% [markdown] cell="title"
# # Quantization without data, and in integers: the reading, working
#
# An optional lab. Every system of the handout's reading is a file in `baselines/methods/`; here
# you look inside them, on the float network that you know. Nothing is trained. Where CIFAR-10 is
# not at hand, Shapes-10 stands in.

# %% cell="setup"
import torch
from IPython.display import display

from baselines.bit_widths.allocation import allocate, layer_options
from baselines.bit_widths.sensitivity import divergences
from baselines.bit_widths.simulation import Simulation
from baselines.methods.clipping_thresholds import CRITERIA
from baselines.methods.distilled_images import DistillationSettings, distill, noise
from baselines.methods.isquant import double_network, integer_network, isquant
from baselines.methods.squant import choose_flips
from baselines.methods.zeroq import zeroq
from baselines.quantized_network import quantized_layers
from quantlab.arithmetic.integer_kernels import integer_conv2d
from quantlab.data.cifar10 import DataNotFound, load_dataset
from quantlab.data.images import normalize
from quantlab.evaluation.float_network import evaluate
from quantlab.formats.packed_model import kibibytes
from quantlab.formats.saved_model import load_float
from quantlab.network.calibration import calibration_images, input_histograms
from quantlab.network.resnet import resnet20
from quantlab.network.synthetic_images import to_pixels
from quantlab.notebook.captioned import CaptionedFigure
from quantlab.notebook.palette import BLUE, series_style
from quantlab.notebook.sheets import new_sheet

try:
    name, train = "cifar10", load_dataset("cifar10", "train")
except DataNotFound:
    name, train = "shapes10", load_dataset("shapes10", "train")
test = load_dataset(name, "test").subset(torch.arange(500))
model = resnet20()
model.load_state_dict(load_float(f"checkpoints/resnet20_{name}.pt"), strict=False)
model.eval()
images = calibration_images(train, 64)
print(f"{evaluate(model, test, 125, 'cpu'):.1f} % in floating point, of 500 test images")

# %% [markdown] cell="about-distilled"
# ## 1. Images without a camera (ZeroQ)
#
# Batch normalization remembers the mean and the deviation of its inputs. Noise is changed by
# gradient descent until the network finds these statistics in it again. Above the noise, below
# what became of it. Which structures do you see, and why is there no object?

# %% cell="distilled"
distilled = distill(model, DistillationSettings(images=32, steps=60), progress=True)
random = to_pixels(noise(32))
figure, axes = new_sheet(2, 8, (9, 2.6))
for row, shown in zip(axes, (random, distilled.images), strict=True):
    for axis, image in zip(row, shown, strict=False):
        axis.imshow(image.permute(1, 2, 0))
        axis.axis("off")
display(
    CaptionedFigure(
        figure,
        "Above, noise. Below, the same noise after gradient descent on the statistics.",
        "Eight pictures of noise, and below each the picture that it became.",
    )
)
print(f"distance of the statistics: {distilled.losses[0]:.1f}, then {distilled.losses[-1]:.2f}")

# %% [markdown] cell="about-ranges"
# What are they worth? The ranges of activations come from training images, from distilled ones and
# from noise; weights have 4 bits per channel, activations 4 bits per tensor.

# %% cell="ranges"
for label, pixels in (("training", images), ("distilled", distilled.images), ("noise", random)):
    accuracy = evaluate(zeroq(model, (4, 4), pixels), test, 125, "cpu")
    print(f"{label:10s} images: {accuracy:.1f} %")

# %% [markdown] cell="about-sensitivity"
# ## 2. How many bits for each layer (ZeroQ)
#
# One layer at a time gets few bits, the others stay as they are: how far do the outputs move, in
# nats, on the distilled images? Which layers would you give most bits, and what do they weigh?

# %% cell="sensitivity"
simulation = Simulation(model, distilled.images)
costs = divergences(simulation)
figure, axis = new_sheet(1, 1, (9, 3))
for number, bits in enumerate((2, 3, 4)):
    style, omega = series_style(number), [costs[layer][bits] for layer in costs]
    axis.plot(list(costs), omega, style.marker, color=style.color, label=f"{bits} bits")
worst = max(costs, key=lambda layer: costs[layer][2])
axis.set(yscale="log", ylabel="sensitivity in nats")
axis.tick_params(axis="x", rotation=60, labelsize=8)
axis.legend()
display(
    CaptionedFigure(
        figure,
        "How far the outputs move when one layer has few bits. Higher points need more bits.",
        f"At 2 bits {worst} moves the outputs most, by {costs[worst][2]:.3g} nats.",
    )
)

# %% [markdown] cell="about-pareto"
# If the harms of the layers add up, the best widths for any size are a knapsack, which dynamic
# programming solves exactly. Do they add up? Below, the sum that the knapsack goes by, and what the
# network at these widths really does.

# %% cell="pareto"
budgets = [kib * 1024 for kib in (50, 60, 70, 80, 100, 120, 150)]
fronts = [widths for widths in allocate(layer_options(costs), budgets) if widths]
sizes = [kibibytes(widths) for widths in fronts]
summed = [sum(costs[layer][bits] for layer, bits in widths.items()) for widths in fronts]
measured = [simulation.divergence(widths) for widths in fronts]
figure, axis = new_sheet(1, 1, (6, 3))
for number, (label, values) in enumerate(
    {"sum of the layers": summed, "all at once": measured}.items()
):
    style = series_style(number)
    axis.plot(sizes, values, style.marker + "-", color=style.color, label=label)
axis.set(xlabel="KiB of weights and scales", ylabel="divergence in nats", yscale="log")
axis.legend()
display(
    CaptionedFigure(
        figure,
        "The divergence that the knapsack predicts, and the one measured at the same widths.",
        f"At {sizes[0]:.1f} KiB the sum is {summed[0]:.3g} nats and the network's divergence "
        f"{measured[0]:.3g}; at {sizes[-1]:.1f} KiB {summed[-1]:.3g} and {measured[-1]:.3g}.",
    )
)
print(f"{sizes[0]:.1f} KiB:", fronts[0])

# %% [markdown] cell="about-flips"
# ## 3. Which weights to round the other way (SQuant)
#
# A kernel in units of the step. Rounded to the nearest, its errors add up; the largest ones of the
# sum's sign go one code the other way, until the sum is at most one half. Work it out by hand
# before you run the cell.

# %% cell="flips"
kernel = torch.tensor([[1.4, 2.41, 3.3, -0.6, 0.2, 5.45, -2.55, 0.35, 1.1]])
codes = kernel.round()
error = codes - kernel
flips = choose_flips(error, torch.ones_like(error, dtype=torch.bool))
moved = codes - flips.moved * flips.sign[:, None]
print("nearest", codes.int().tolist()[0], f"sum of errors {float(error.sum()):+.2f}")
print("SQuant ", moved.int().tolist()[0], f"sum of errors {float((moved - kernel).sum()):+.2f}")

# %% [markdown] cell="about-thresholds"
# ## 4. Where to clip (N2D2)
#
# A histogram of what one layer receives, and the thresholds of three criteria at 4 and at 8 bits.
# Why do they lie closer to the maximum at 8 bits?

# %% cell="thresholds"
histogram = input_histograms(model, ["layer2.1.conv2"], images)["layer2.1.conv2"]
figure, axes = new_sheet(1, 2, (9, 3))
positions = {}
for axis, bits in zip(axes, (4, 8), strict=True):
    axis.hist(histogram.values, 80, weights=histogram.counts, color=BLUE, alpha=0.5)
    for number, (criterion, threshold) in enumerate(CRITERIA.items()):
        style, position = series_style(number), threshold(histogram, 2**bits - 1)
        label = f"{criterion}: {position:.2f}"
        axis.axvline(position, color=style.color, linestyle=style.dash, label=label)
        positions[f"{criterion} at {bits} bits"] = position
    axis.set(yscale="log", title=f"{bits} bits", xlabel="activation")
    axis.legend(fontsize=8)
display(
    CaptionedFigure(
        figure,
        "The activations of layer2.1.conv2, and where each criterion clips them.",
        ", ".join(f"{name}: {position:.2f}" for name, position in positions.items()) + ".",
    )
)

# %% [markdown] cell="about-integers"
# ## 5. A layer in integers, step by step (ISQuant)
#
# Batch normalization is folded, every scale is one number, z = 0. Codes go in, an integer
# convolution sums them, the bias is an integer, and one product with s_x s_w leads back.

# %% cell="integers"
network = isquant(model, (8, 8))
layer = quantized_layers(network)["layer1.0.conv1"]
x = torch.relu(network.conv1(normalize(images[:1])))
x_codes = layer.input_quantizer.codes(x).to(torch.int32)
w_codes = layer.weight_quantizer.codes(layer.layer.weight).to(torch.int32)
scale = float(layer.input_quantizer.scale) * float(layer.weight_quantizer.scale)
bias = (layer.layer.bias / scale).round().int()
sums = integer_conv2d(x_codes, w_codes, 1, 1) + bias.reshape(-1, 1, 1)
print("codes in      ", x_codes[0, 0, 4, 4:9].tolist())
print("sums with bias", sums[0, 0, 4, 4:9].tolist())
print("times s_x s_w ", [round(value * scale, 4) for value in sums[0, 0, 4, 4:9].tolist()])
print("fake-quantized", [round(value, 4) for value in layer(x)[0, 0, 4, 4:9].tolist()])

# %% [markdown] cell="about-bits"
# The whole network: not nearly the same, the same. Fake quantization in double precision rounds
# nothing, because the scales have 12 significant bits; so both give equal logits to the last bit.

# %% cell="bits"
batch = normalize(images[:8]).double()
exact = double_network(network)(batch)
integer = integer_network(network).double()(batch)
print("equal to the last bit:", torch.equal(exact, integer))
for bits in (8, 6, 4):
    accuracy = evaluate(integer_network(isquant(model, (bits, bits))), test, 125, "cpu")
    print(f"{bits} bits, no data, integer convolutions: {accuracy:.1f} %")
