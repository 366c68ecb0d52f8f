# %% role="drop"
"""The master of main.ipynb, which `python -m authoring build` writes without this cell.

The attributes of a cell are explained in authoring/build/notebook.py.
"""
# mypy: ignore-errors

# %% [markdown] cell="title"
# # Quantization of neural networks
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({{badge}})
#
# A network is trained in 32-bit floating point, and most of these bits carry nothing. In this
# assignment you take a trained ResNet-20 down to 8, 4 and 2 bits: you choose the grid that its
# numbers are rounded to (1), let gradients through the rounding (2a), compute its layers in
# integers alone (2b), measure what it still recognizes (2c), train it to live with its grid (2d),
# and find out which layers need how many bits (3).
#
# **How to work.** Your code goes into `solution.py`, beside this notebook: in Colab open it from
# the *Files* pane on the left, elsewhere in your editor. Save it and run the cell that was waiting
# for it; nothing has to be restarted. Cells say which function they wait for, so you may run the
# whole notebook at any time. After each function, `check("1a")` tries it on stored inputs.
#
# **What you submit.** The last cell writes `submission.zip`: `solution.py`, this notebook with
# your written answers (it is your report, unless you add `report.pdf` or `report.md`),
# `answers.json` with both tables, which the cells fill in, and the models of question 2d.
#
# | question | points |
# |:--|--:|
# | 1. Calibration | {{points 1}} |
# | 2. Quantization after and during training | {{points 2}} |
# | 3. Variable precision | {{points 3}} |

# %% role="parameters" cell="parameters"
# @title Who you are, and how long this may take { display-mode: "form" }
STUDENT = ""  # @param {type:"string"}
FAST = False  # @param {type:"boolean"}
DATASET = ""  # @param ["", "cifar10", "shapes10"]
KEEP_ON_DRIVE = True  # @param {type:"boolean"}

# %% role="form" cell="setup"
# @title Setup: run this first, and again after a disconnect { display-mode: "form" }
import hashlib
import importlib.util
import io
import os
import shutil
import sys
import urllib.request
import zipfile
from pathlib import Path

BUNDLE = "{{bundle}}"
BUNDLE_SHA256 = "{{bundle_sha256}}"

if "COLAB_RELEASE_TAG" in os.environ:
    content = Path(os.environ.get("QUANTLAB_CONTENT", "/content"))
    kit, work = content / "quantization-kit", content / "quantization"
    if not kit.is_dir():
        if not BUNDLE:
            raise RuntimeError(
                "This copy of the notebook does not know where its files are: open it by the "
                "Colab link of your course."
            )
        with urllib.request.urlopen(BUNDLE, timeout=60) as answer:
            bundle = answer.read()
        if hashlib.sha256(bundle).hexdigest() != BUNDLE_SHA256:
            raise RuntimeError(
                f"{BUNDLE} is not the file that was released with this notebook: run this cell "
                "again, and tell your course if that does not help."
            )
        unpacked = content / "quantization-kit.unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        zipfile.ZipFile(io.BytesIO(bundle)).extractall(unpacked)
        next(unpacked.rglob("quantlab")).parent.rename(kit)
    if KEEP_ON_DRIVE:
        try:
            from google.colab import drive

            drive.mount(str(content / "drive"))
            work = content / "drive" / "MyDrive" / "quantization"
        except Exception as problem:  # refused, blocked, or too slow: the notebook works without
            print(f"Google Drive is not used ({problem or type(problem).__name__}).")
    if "drive" not in work.parts:
        print(f"Your files are in {work}, which is lost with this runtime: download them in time.")
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "solution.py").exists():
        shutil.copy(kit / "solution.py", work)
    os.chdir(work)
    sys.path[:0] = [folder for folder in (str(work), str(kit)) if folder not in sys.path]
elif os.getcwd() not in sys.path:
    sys.path.insert(0, os.getcwd())
if importlib.util.find_spec("torch") is None:
    raise RuntimeError("PyTorch is not installed here: the README says how to install it.")

import torch
from IPython.display import display
from torch.nn import functional as F
from tqdm import tqdm

from quantlab.arithmetic.float32 import full_float32
from quantlab.check import check
from quantlab.data.student_vectors import student_vectors
from quantlab.errors import KitError
from quantlab.evaluation.mixed_precision import evaluate_bit_widths
from quantlab.formats import packed_model
from quantlab.formats.answers import MSE_BITS, MSE_METHODS
from quantlab.formats.saved_model import save
from quantlab.network.fast_integers import fast_integers_if_exact
from quantlab.network.quantization import quantize_model
from quantlab.network.resnet import layer_sizes
from quantlab.network.synthetic_images import gaussian_images, matched_images
from quantlab.notebook import plots, tables
from quantlab.notebook.reloading import follow_solution
from quantlab.notebook.session import begin, waiting
from quantlab.notebook.submission_zip import rehearse_submission, write_submission
from quantlab.paths import CELLS, cell_bits, model_file
from quantlab.protocol.scale_forms import InAnyForm
from quantlab.training import fine_tuning

solution = follow_solution()  # your functions, as they are saved when a cell starts
session = begin(STUDENT, DATASET, FAST)

# %% [markdown] cell="times"
# **How long it takes.** All of it, with the training recipe that is given, on all of CIFAR-10;
# a cell that takes more than a minute says so before it starts, and training goes on where it
# stopped.
#
# | | T4 GPU (Colab) | laptop, 4 cores without AMX | 2 cores with AMX | `FAST` on 2 cores |
# |:--|--:|--:|--:|--:|
# | question 1 | 10 s | 10 s | 10 s | 10 s |
# | 2c, PTQ, ten models | 1 min | 3 min | 3 min | 40 s |
# | 2d, training, ten models | 15 min | 70 min | 55 min | 3 min |
# | 3, search | 1 min | 3 min | 3 min | 30 s |
#
# The times of `FAST` and of the two cores come from processor time, measured on cores with AVX-512
# and bfloat16 (5 ms per training image and 2 ms per test image), divided by two; AMX makes only the
# convolutions faster. Without bfloat16 a training image takes 8 ms of a core, and the training of
# `FAST` 4½ minutes. Both data sets take the same: `FAST` limits the images. The times of a laptop
# are scaled from there by half as wide vectors on twice as many cores, those of a T4 by its memory
# bandwidth, which fake quantization needs most of. Each training times a step in float32, bfloat16
# and, on a GPU, float16, uses the fastest and says which; `QUANTLAB_PRECISION` in the environment
# overrides it. Use `FAST` to see everything once; set it back for the results that you submit.

# %% [markdown] cell="uniform"
# ## Uniform quantization
#
# A vector $\mathbf{x}$ of real numbers is mapped to integers of $b$ bits, element by element:
#
# $$x_{\text{int}} = \text{clip}\left(\left\lfloor \frac{x}{s} \right\rceil - z;\; L, U\right)
# \qquad (1)$$
#
# with a **scale** $s$ (the width of a step), a **zero point** $z$ (which integer stands for 0),
# rounding to the nearest integer, and
#
# $$\text{clip}(x; L, U) = \begin{cases} L & x < L \\ x & L \le x \le U \\ U & x > U \end{cases}
# \qquad (2)$$
#
# Signed codes run from $L = -2^{b-1}$ to $U = 2^{b-1}-1$, unsigned ones from $0$ to $2^b - 1$.
# The way back is
#
# $$\hat{\mathbf{x}} = s \times (\mathbf{x}_{\text{int}} + z) \qquad (3)$$
#
# Two errors are made on the way: *rounding*, at most half a step while $x$ is inside the range,
# and *clipping*, as large as you like outside of it. A larger $s$ makes the one worse and the other
# better; a good $s$ is a compromise, and finding it is called **calibration**. All zero points in
# this assignment are 0.
#
# Write `linear_quantize` and `linear_dequantize` in `solution.py`; then the next cell draws what
# they do with three bits.


# %% cell="staircase"
def recover(x, scale, bits, signed=True):
    """Return x, quantized and recovered by your functions."""
    functions = InAnyForm(solution)  # a scale may be a tensor or a number
    codes = functions.linear_quantize(x, scale, 0, bits, signed)
    return functions.linear_dequantize(codes, scale, 0)


with waiting():
    x = torch.linspace(-1.4, 1.4, 1001)
    display(plots.staircase(x, recover(x, 0.25, 3), "Three bits, signed, s = 0.25"))
    display(plots.staircase(x, recover(x, 0.15, 3, False), "Three bits, unsigned, s = 0.15"))

# %% [markdown] cell="q1"
# ## 1. Calibration ({{points 1}} points)
#
# For signed numbers with $z = 0$, the simplest scale takes the largest magnitude as the end of
# the range, $s = \max|\mathbf{x}| / 2^{b-1}$. It clips next to nothing, and pays for it with wide
# steps. What one would like is
#
# $$s^* = \arg\min_s \lVert \mathbf{x} - \hat{\mathbf{x}} \rVert_2^2 \qquad (4)$$
#
# which can be searched for (the **heuristic** method), or estimated. **SAWB** (Choi et al. 2019)
# estimates the best range from two numbers that say how heavy the tails are,
#
# $$\alpha^* = c_1 \sqrt{\mathbb{E}(X^2)} - c_2\, \mathbb{E}(|X|), \qquad s = \alpha^* / 2^{b-1}
# \qquad (5)$$
#
# with $c_1, c_2$ fitted once per bit width over distributions of different shape.
#
# ### 1a. Quantizer and scales ({{points 1a}} points)
#
# Complete `linear_quantize`, `linear_dequantize`, `get_scale` and `reset_scale_and_zero_point`.

# %% cell="check-1a"
check("1a")

# %% role="auto" cell="auto-1a"

# %% [markdown] cell="q1b"
# ### 1b. Three scales, two vectors ({{points 1b}} points)
#
# A and B are yours alone: 100,000 numbers each, drawn from your student id. Measure the mean
# squared error between each vector and what is recovered from it, for every method and width. The
# cell records the numbers; the table is what the grader will read.

# %% cell="mse"
vectors = student_vectors(session.student)

with waiting():
    for name, values in vectors.items():
        for method in MSE_METHODS:
            for bits in MSE_BITS:
                scale, _ = solution.reset_scale_and_zero_point(values, bits, method)
                error = (values - recover(values, scale, bits)).square().mean()
                session.answers.record_mse(name, method, bits, error)
display(tables.mse_table(session.answers.read()))

# %% [markdown] cell="curves-text"
# The error as a function of the scale, and where on it the three methods came to stand. Left of
# the valley clipping dominates, right of it rounding.

# %% cell="curves"
with waiting():
    curves = {}
    for name, values in vectors.items():
        part = values[:10_000]  # enough to draw a curve
        for bits in MSE_BITS:
            scales = part.abs().max() / 2 ** (bits - 1) * torch.logspace(-1.2, 0.3, 80)
            errors = [(part - recover(part, s, bits)).square().mean() for s in scales]
            chosen = {}
            for method in MSE_METHODS:
                s, _ = solution.reset_scale_and_zero_point(values, bits, method)
                error = (part - recover(part, s, bits)).square().mean()
                chosen[method] = (float(s), float(error))
            curves[f"{name}, {bits} bits"] = (scales, errors, chosen)
    display(plots.error_curves(curves))

# %% cell="histograms"
with waiting():
    panels = {}
    for name, values in vectors.items():
        for method in MSE_METHODS:
            s, _ = solution.reset_scale_and_zero_point(values, 4, method)
            panels[f"{name}, 4 bits, {method}"] = (values, recover(values, s, 4))
    display(plots.histograms(panels))

# %% role="auto" cell="auto-1b"

# %% [markdown] role="written" cell="written-1b"
# **Written answer 1b.** Explain the three ways to choose the scale: what each needs to know of the
# data, what it costs, and what it gives away.
#
# ### BEGIN SOLUTION
# *Symmetric* takes the largest magnitude as the end of the range. It needs one pass for a maximum
# and clips almost nothing, but a single outlier widens every step: on the heavy-tailed B, and the
# more so at few bits, nearly everything is rounded to the levels around 0.
#
# *Heuristic* searches for the s of least squared error, equation (4). It knows all of the data and
# makes no assumption about them; it costs as many passes as there are candidates, and the error has
# several local minima, so the candidates have to be dense. It is the reference that no other choice
# of s can beat.
#
# *SAWB* needs two moments, one pass, and two constants per width. The ratio of RMS to mean
# magnitude tells how heavy the tails are, so it follows a change of shape that a fixed multiple of
# the standard deviation would miss. It gives away what the fit over a family of distributions
# leaves: little on A and B at 4 and 2 bits, much on B at 8 bits, whose tails are heavier than those
# of that family.
# ### END SOLUTION

# %% [markdown] cell="q1c"
# ### 1c. Comparison and bias ({{points 1c}} points)
#
# Is the error $\hat{x} - x$ zero on average? Look at where x is inside the range, and where it is
# beyond one of its ends; the two ends of a signed grid are not at the same distance from 0.

# %% cell="bias"
with waiting():
    panels = {}
    for name, values in vectors.items():
        for bits in (4, 2):
            s, _ = solution.reset_scale_and_zero_point(values, bits, "SAWB")
            panels[f"{name}, {bits} bits, SAWB"] = (values, recover(values, s, bits))
    display(plots.bias(panels))

# %% [markdown] role="written" cell="written-1c"
# **Written answer 1c.** Which method works better, on which data and at which width? Does the
# quantization error have a bias? Say what you see in the figures and why it is so.
#
# ### BEGIN SOLUTION
# The heuristic method is never beaten, because it minimizes what the table shows. At 4 and 2 bits
# SAWB comes within 10 % of it at the price of two averages, on A at 8 bits within 15 %. On B at 8
# bits it does not: its error is 2 to 6 times the least. It clips B at about 6 standard deviations,
# the tails reach farther, and beside steps this fine the few clipped values make most of the
# error. Symmetric scaling clips next to nothing. At 8 bits its error is at most 1.6 times the
# least, on B less than that of SAWB. At 4 and 2 bits its steps are too wide: 1.5 to 3.5 times the
# least error on A and 3 to 20 times on B, because its range is set by the one value that is
# farthest out.
#
# Inside the range the error averages to zero over any step, since numbers are rounded up as often
# as down; around the levels it is a sawtooth, which averages out while the density hardly changes
# over a step. Beyond the ends it does not: whatever is clipped is moved toward 0. On the positive
# side this begins one step earlier, as the largest code is 2^(b-1) - 1 and not 2^(b-1), and both
# vectors have a positive mean, so that at 4 and 2 bits more is clipped above than below. With SAWB
# the mean of the error is therefore negative: by about 0.01 steps at 4 bits, and by 0.06 to 0.11
# steps at 2 bits, where a step is wider than the standard deviation. At 8 bits it is within 0.02
# steps of zero, on either side.
# ### END SOLUTION

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
    display(plots.accuracy_bars(bars, f"PTQ by source of calibration, {len(part)} held-out images"))

# %% role="auto" cell="auto-2c"

# %% [markdown] cell="q2d"
# ### 2d. Quantization-aware training ({{points 2d}} points)
#
# Fine-tune the quantized networks, save the better network of each width, and fill in the QAT half
# of Table 1. Full points for a saved network on CIFAR-10, measured by the grader on all test
# images, from W8A8 {{threshold W8A8}}, W4A4 {{threshold W4A4}}, W8A2 {{threshold W8A2}},
# W2A8 {{threshold W2A8}} and W2A2 {{threshold W2A2}} %.
#
# `quantlab/training/fine_tuning.py` is a recipe that works: read it, it is one page. It distils the
# float network into the quantized one with short trainings. You are free to change its plans below,
# or to replace it by any training of your own; what counts is the network.
#
# Whatever you choose (a plan, a method, which network is kept), choose it by the accuracy on the
# *held-out* images, `session.held_out`: a tenth of the training set, which `session.train` leaves
# out. A network that was chosen by its test accuracy looks better on the test images than it is.
# The test images are for one measurement of each final network.
#
# *Ten trainings: 15 minutes on a T4, an hour on a processor; in `FAST` mode five short ones, 3
# minutes, without bfloat16 4½. Was a training interrupted? Run the cell again to resume it.*

# %% cell="qat"
plans = fine_tuning.FAST_PLANS if session.fast else fine_tuning.PLANS
methods = ("SAWB",) if session.fast else ("SAWB", "sym")
trained, held_out = {}, {}

with waiting(), fast_integers_if_exact(solution):
    for method in methods:
        for cell, plan in plans.items():
            print(f"{cell}, {method}: {plan}")
            network = fine_tuning.fine_tune(
                session.float_model,
                solution,
                cell,
                method,
                session.train,
                plan,
                session.checkpoints,
                start=trained.get((plan.after, method)),
            )
            trained[cell, method] = network
            held_out[cell, method] = session.accuracy(network, session.held_out)
            print(f"{cell}, {method}: {held_out[cell, method]:.2f} % of the held-out images")

# %% cell="save"
for cell in CELLS:
    tried = [method for method in methods if (cell, method) in held_out]
    if tried:
        best = max(tried, key=lambda method: held_out[cell, method])
        name = model_file(cell)
        save(trained[cell, best], session.results / name, session.train.name, best)
        print(f"{name}: {best}, {held_out[cell, best]:.2f} % of the held-out images")
    else:
        print(f"{model_file(cell)}: not trained yet")

# %% [markdown] cell="test-text"
# All choices are made. Now each network is measured on the test images, once.

# %% cell="test"
with waiting(), fast_integers_if_exact(solution):
    for (cell, method), network in trained.items():
        session.answers.record_accuracy("qat", cell, method, session.accuracy(network))
display(tables.accuracy_table(session.answers.read()))

# %% cell="layers"
with waiting():
    if ("W2A2", "SAWB") in trained:
        before = quantize_model(session.float_model, solution, 2, 2, "SAWB", images)
        display(plots.plot_layers_histogram(before, trained["W2A2", "SAWB"], ("PTQ", "QAT")))

# %% role="auto" cell="auto-2d"

# %% [markdown] role="written" cell="written-2d"
# **Written answer 2d.** Document your training: loss, data, schedule, what is learned and what is
# fixed, how you chose. Compare the result with PTQ, with the histograms where they help: where does
# training win most, and why there?
#
# ### BEGIN SOLUTION
# Each network starts from the float weights (W2A2 from those of the trained W8A2) and is trained
# with SGD (momentum 0.9, weight decay 1e-4, cosine schedule with a short warm-up) on cropped and
# mirrored training images. The float network is the teacher: the loss is the KL divergence from its
# class probabilities plus the cross entropy. Weights are fake-quantized in every step with a scale
# that follows them, and get their gradient straight through. Activations are clamped before the
# estimator, so that what lies beyond the range gets no gradient; the end of the range starts from
# the calibration and learns from what it cuts off (PACT). At the end the statistics of batch
# normalization are averaged again. The learning rate is 0.02, and 0.001 at 8 bits, where the
# network is nearly where it should be. Which of the two methods is kept for a width was chosen on
# held-out training images; the test images were read once for each network, afterwards.
#
# At W8A8 there is nothing to win: PTQ is at the float accuracy. At W4A4 and W8A2 training regains
# most of what the coarse activations cost. With 2-bit weights PTQ is at chance and training brings
# it to within a few points of the float network: four levels per weight are enough, but not the
# four that are nearest to weights trained without them. The histograms show it: in most layers the
# shares of the four levels are not those that rounding gave.
# ### END SOLUTION

# %% [markdown] cell="q3"
# ## 3. Variable precision ({{points 3}} points)
#
# Layers differ in size and in how much a coarse grid hurts them, so each may get a width of its
# own. Only weights count here (signed, symmetric); activations keep 16 bits. Find widths that make
# the network small and keep it above {{threshold variable}} %: any sensible search gets all points,
# and very small models earn a bonus.
#
# First a look at the layers: the accuracy with one of them narrow and all others at 8 bits,
# measured on *held-out* images. Test images are for the final number only. *Seconds on a T4, a
# minute on a processor.*

# %% cell="sensitivity"
state, sizes = session.float_model.state_dict(), layer_sizes()
searched = session.held_out.subset(torch.arange(128 if session.fast else 500))
tried = {}


def accuracy_of(bit_widths):
    """Return the accuracy on the `searched` images, measured once for the same widths."""
    key = tuple(bit_widths[name] for name in sizes)
    if key not in tried:
        tried[key] = evaluate_bit_widths(state, bit_widths, searched, solution)
    return tried[key]


with waiting():
    full = accuracy_of(dict.fromkeys(sizes, 8))
    lost = {
        bits: {name: accuracy_of({**dict.fromkeys(sizes, 8), name: bits}) for name in tqdm(sizes)}
        for bits in ((2,) if session.fast else (2, 3))
    }
    display(plots.sensitivity(lost, full))

# %% [markdown] cell="search-text"
# Complete `variable_precision_search`. Its `evaluate` is the function above. Its floor is
# {{threshold variable}} %, plus what the float network does better on these few images than on
# images that it never saw (`session.float_accuracy`, as its record says), plus a margin. No test
# image has a part in it. *1 minute on a T4, 3 minutes on a processor.*

# %% cell="check-3"
check("3")

# %% cell="search"
widths_to_try = (2, 4, 8) if session.fast else (2, 3, 4, 5, 6, 7, 8)
FLOOR = float("{{threshold variable}}")
margin = 5.0 if session.fast else 3.0  # percentage points; few images are a coarse ruler
chosen_bits = None

with waiting(), tqdm(desc="evaluations") as bar:

    def evaluate_widths(bit_widths):
        """Return `accuracy_of` these widths, and count the call."""
        bar.update()
        return accuracy_of(bit_widths)

    better_here = accuracy_of(dict.fromkeys(sizes, 8)) - session.float_accuracy
    floor = FLOOR + max(0.0, better_here) + margin
    chosen_bits = solution.variable_precision_search(sizes, evaluate_widths, widths_to_try, floor)
    session.answers.record_bit_widths(chosen_bits)
if chosen_bits:
    final = evaluate_bit_widths(state, chosen_bits, session.test, solution)
    display(tables.bit_width_table(chosen_bits, sizes))
    print(f"{packed_model.kibibytes(chosen_bits, sizes):.1f} KiB, {final:.2f} % on the test images")

# %% [markdown] cell="pareto-text"
# Every model that was tried, on the images of the search, and yours among them. Nothing to the
# lower right of the blue line is worth having.

# %% cell="pareto"
with waiting():
    uniform = {bits: dict.fromkeys(sizes, bits) for bits in widths_to_try}
    points = {
        bits: (packed_model.kibibytes(w, sizes), accuracy_of(w)) for bits, w in uniform.items()
    }
    cloud = [
        (packed_model.kibibytes(dict(zip(sizes, key, strict=True)), sizes), accuracy)
        for key, accuracy in tried.items()
    ]
    yours = None
    if chosen_bits:
        yours = packed_model.kibibytes(chosen_bits, sizes), accuracy_of(chosen_bits)
    display(plots.pareto(cloud, yours, FLOOR, points))

# %% [markdown] cell="finetune-text"
# A network that is fine-tuned for its widths can be smaller still. If you have one, put its float
# `state_dict` beside your other models, `torch.save(net.state_dict(), session.results /
# "ResNet20_variable.pt")`, and record its widths: the grader then quantizes these weights instead.
# If you have the codes themselves, at scales of your own, `packed_model.save` writes them to
# `session.results / "ResNet20_variable.packed"` (`quantlab/formats/packed_model.py` says how): then
# size and accuracy are those of your codes.

# %% role="auto" cell="auto-3"

# %% [markdown] cell="handin-text"
# ## Submit
#
# Save the notebook, run the cell, read its table, and upload `submission.zip`. The table shows what
# the grader would make of each file. In Colab the archive is downloaded by itself.

# %% role="form" cell="submission"
# @title Make submission.zip { display-mode: "form" }
try:
    display(rehearse_submission(write_submission(session)))
except KitError as problem:
    print(problem)
