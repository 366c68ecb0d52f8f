# %% role="drop"
"""Cells of main.ipynb: question 1, calibration.

The attributes of a cell are explained in authoring/build/notebook.py.
"""

# %% [markdown] cell="uniform"
# ## Uniform quantization
#
# **Goal.** Map real numbers to integers of $b$ bits, and back.
#
# A vector $\mathbf{x}$ of real numbers becomes integers, its **codes**, element by element:
#
# $$x_{\text{int}} = \text{clip}\left(\left\lfloor \frac{x}{s} \right\rceil - z;\; L, U\right)
# \qquad (1)$$
#
# The **scale** $s$ is the width of a step. The **zero point** $z$ is an integer that shifts the
# codes. It is 0 in all networks of this assignment; your functions accept other zero points too.
# $\lfloor\cdot\rceil$ rounds to the nearest integer. Clipping keeps the codes in their range:
#
# $$\text{clip}(x; L, U) = \begin{cases} L & x < L \\ x & L \le x \le U \\ U & x > U \end{cases}
# \qquad (2)$$
#
# Signed codes run from $L = -2^{b-1}$ to $U = 2^{b-1}-1$, unsigned ones from $0$ to $2^b - 1$.
# The way back, from codes to real numbers, is
#
# $$\hat{\mathbf{x}} = s \times (\mathbf{x}_{\text{int}} + z) \qquad (3)$$
#
# Two errors are made. *Rounding* costs at most half a step inside the range. *Clipping* costs more
# the farther a number is outside of it. A larger $s$ means more rounding and less clipping.
# Choosing $s$ is called **calibration**.

# %% [markdown] cell="paper-quantize"
# ### `linear_quantize`
#
# **On paper first.** Two bits, signed, $s = 0.5$, $z = 0$. Which codes do these four numbers get?
#
# | $x$ | −1.3 | −0.3 | 0.2 | 0.9 |
# |:--|--:|--:|--:|--:|
#
# <details><summary>Answer</summary>
#
# The codes run from −2 to 1.
#
# | $x$ | −1.3 | −0.3 | 0.2 | 0.9 |
# |:--|--:|--:|--:|--:|
# | $x / s$ | −2.6 | −0.6 | 0.4 | 1.8 |
# | rounded | −3 | −1 | 0 | 2 |
# | code | −2 | −1 | 0 | 1 |
#
# The first and the last number are clipped.
#
# </details>
#
# **Then** write `linear_quantize` in `solution.py`, equations (1) and (2).
#
# **What you will see.** Twenty-five real numbers and your codes. Wrong codes are colored and
# crossed.

# %% cell="grid-quantize"
with waiting():
    display(code_grid(solution, "linear_quantize"))

# %% [markdown] cell="paper-dequantize"
# ### `linear_dequantize`
#
# **On paper first.** Recover the four numbers from their codes, −2, −1, 0 and 1, with $s = 0.5$.
# Which of the errors are rounding, which are clipping?
#
# <details><summary>Answer</summary>
#
# | $x$ | −1.3 | −0.3 | 0.2 | 0.9 |
# |:--|--:|--:|--:|--:|
# | $\hat{x}$ | −1 | −0.5 | 0 | 0.5 |
# | $\hat{x} - x$ | 0.3 | −0.2 | −0.2 | −0.4 |
#
# Half a step is 0.25. The errors of the first and the last number are larger: they were clipped.
#
# </details>
#
# **Then** write `linear_dequantize`, equation (3).

# %% cell="grid-dequantize"
with waiting():
    display(code_grid(solution, "linear_dequantize"))

# %% [markdown] cell="staircase-text"
# Both functions together make a staircase. **What you will see:** one flat part for each of the
# eight codes of three bits, and the error below. Look at the ends: where does clipping begin?

# %% cell="staircase"
with waiting():
    x = torch.linspace(-1.4, 1.4, 1001)
    signed, unsigned = recover(solution, x, 0.25, 3), recover(solution, x, 0.15, 3, signed=False)
    display(plots.staircase(x, signed, "Three bits, signed, s = 0.25"))
    display(plots.staircase(x, unsigned, "Three bits, unsigned, s = 0.15"))

# %% [markdown] cell="q1"
# ## 1. Calibration ({{points 1}} points)
#
# **Goal.** Find a good scale for signed numbers, in three ways.
#
# **Symmetric**: the largest magnitude is the end of the range, $s = \max|\mathbf{x}| / 2^{b-1}$. It
# clips almost nothing and has wide steps.
#
# **Heuristic**: any search of yours for the scale of least squared error,
#
# $$s^* = \arg\min_s \lVert \mathbf{x} - \hat{\mathbf{x}} \rVert_2^2 \qquad (4)$$
#
# **SAWB** (Choi et al. 2019): an estimate of the best range from two means, which say how heavy the
# tails are,
#
# $$\alpha^* = c_1 \sqrt{\mathbb{E}(X^2)} - c_2\, \mathbb{E}(|X|), \qquad s = \alpha^* / 2^{b-1}
# \qquad (5)$$
#
# The constants $c_1, c_2$ were fitted for each bit width, over distributions of different shape.
#
# ### 1a. Quantizer and scales ({{points 1a}} points)
#
# You have written `linear_quantize` and `linear_dequantize`. Now write `get_scale` and
# `reset_scale_and_zero_point`.

# %% [markdown] cell="paper-scale"
# ### `get_scale` and `reset_scale_and_zero_point`
#
# **On paper first.** Two bits, signed.
#
# 1. The SAWB scale of (−2, −1, 1, 2), with $c_1 = 4.765$ and $c_2 = 3.342$?
# 2. The symmetric scale of (−1.3, −0.3, 0.2, 0.9)?
# 3. Which has the smaller squared error on these four numbers, this scale or $s = 0.5$?
#
# <details><summary>Answer</summary>
#
# 1. $\mathbb{E}(X^2) = 2.5$ and $\mathbb{E}(|X|) = 1.5$, so $\alpha^* = 4.765 \cdot 1.581 - 3.342
#    \cdot 1.5 = 2.521$ and $s = 1.261$.
# 2. $s = 1.3 / 2 = 0.65$.
# 3. With 0.65 the codes are −2, 0, 0, 1, the errors 0, 0.3, −0.2, −0.25, and their squares sum to
#    0.1925. With 0.5 they sum to 0.33. A search finds such comparisons, for many scales.
#
# </details>

# %% cell="check-1a"
check("1a")

# %% cell="hint-1a"
# A hint for each function that is not right yet: level 1, 2 or 3, from a question to an example.
hint("1a", 1)

# %% role="auto" cell="auto-1a"

# %% [markdown] cell="q1b"
# ### 1b. Three scales, two vectors ({{points 1b}} points)
#
# **Goal.** Compare the three methods on data of different shape.
#
# A and B are drawn from your student id, 100,000 numbers each. The cell measures the mean squared
# error of each vector, by every method at every width. It records the numbers for the grader.

# %% [markdown] cell="guess-1b-text"
# **Predict, then run.** At 8 bits on the heavy-tailed B: which has the smaller error, `"sym"` or
# `"SAWB"`? Enter your guess, or leave `None`. The next cell shows it beside the result. Your first
# guess stays in `answers.json` for your report; it has no points.

# %% cell="guess-1b"
GUESS_BEST_ON_B = None

# %% cell="mse"
vectors = student_vectors(session.student)

with waiting():
    needs(solution, "1a")
    for name, values in vectors.items():
        for method in MSE_METHODS:
            for bits in MSE_BITS:
                scale, _ = solution.reset_scale_and_zero_point(values, bits, method)
                error = squared_error(solution, values, scale, bits)
                session.answers.record_mse(name, method, bits, error)
answers = session.answers.read()
display(tables.mse_table(answers))
compare_guess(session.answers, "best_on_b_at_8_bits", GUESS_BEST_ON_B, better_on_b(answers))

# %% [markdown] cell="curves-text"
# **What you will see.** The error over the scale is a valley. Left of it clipping dominates, right
# of it rounding. The markers are the scales that the three methods choose.

# %% cell="curves"
with waiting():
    needs(solution, "1a")
    display(vector_figures.valleys(solution, vectors))

# %% [markdown] cell="explore-scale-text"
# **Move it yourself.** Choose a vector, the bits, and the scale as a multiple of the symmetric one.
# How far can you go to the left before clipping makes more of the error than rounding? Does the
# answer change between A and B?

# %% cell="explore-scale"
with waiting():
    widgets.explore_scale(solution, vectors)

# %% [markdown] cell="histograms-text"
# **What you will see.** The real numbers, and the levels that they become at 4 bits. Which method
# spends levels where there are few numbers?

# %% cell="histograms"
with waiting():
    needs(solution, "1a")
    display(vector_figures.level_histograms(solution, vectors))

# %% role="auto" cell="auto-1b"

# %% [markdown] role="written" cell="written-1b"
# **Written answer 1b.** Explain the three ways to choose the scale. What does each need to know
# about the data? What does it cost? Where does it lose accuracy?
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
# **Goal.** Find out whether the error $\hat{x} - x$ is zero on average.
#
# **What you will see.** The mean error over $x$, a line for each method. The table has its mean
# over all values, over those inside the range and over those that are clipped, with their number.
# The two ends of a signed grid are not at the same distance from 0.

# %% cell="bias"
with waiting():
    needs(solution, "1a")
    display(*vector_figures.biases(solution, vectors))

# %% [markdown] role="written" cell="written-1c"
# **Written answer 1c.** Which method works better, on which data and at which width? Is the
# quantization error biased? Describe what you see in the figures, and explain it.
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
