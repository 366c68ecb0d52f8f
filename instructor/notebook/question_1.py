# %% role="drop"
"""Cells of main.ipynb: question 1, calibration.

The attributes of a cell are explained in authoring/build/notebook.py.
"""

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

# %% cell="hint-1a"
# A hint for each function that is not right yet: level 1, 2 or 3, from a question to an example.
hint("1a", 1)

# %% role="auto" cell="auto-1a"

# %% [markdown] cell="q1b"
# ### 1b. Three scales, two vectors ({{points 1b}} points)
#
# A and B are yours alone: 100,000 numbers each, drawn from your student id. Measure the mean
# squared error between each vector and what is recovered from it, for every method and width. The
# cell records the numbers; the table is what the grader will read.

# %% [markdown] cell="guess-1b-text"
# **Predict, then run.** At 8 bits on the heavy-tailed B: which has the smaller error, `"sym"` or
# `"SAWB"`? Enter your guess, or leave `None`. The next cell shows it beside the result. Your first
# guess stays in `answers.json` for your report; it has no points.

# %% cell="guess-1b"
GUESS_BEST_ON_B = None

# %% cell="mse"
vectors = student_vectors(session.student)

with waiting():
    for name, values in vectors.items():
        for method in MSE_METHODS:
            for bits in MSE_BITS:
                scale, _ = solution.reset_scale_and_zero_point(values, bits, method)
                error = (values - recover(values, scale, bits)).square().mean()
                session.answers.record_mse(name, method, bits, error)
answers = session.answers.read()
display(tables.mse_table(answers))
compare_guess(session.answers, "best_on_b_at_8_bits", GUESS_BEST_ON_B, better_on_b(answers))

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
