# %% role="drop"
"""Cells of main.ipynb: question 2d, quantization-aware training.

The attributes of a cell are explained in authoring/build/notebook.py.
"""

# %% [markdown] cell="q2d"
# ### 2d. Quantization-aware training ({{points 2d}} points)
#
# **Goal.** Five networks that work on coarse grids. The grader measures each saved network on all
# test images. Full points on CIFAR-10 from W8A8 {{threshold W8A8}}, W4A4 {{threshold W4A4}}, W8A2
# {{threshold W8A2}}, W2A8 {{threshold W2A8}} and W2A2 {{threshold W2A2}} %.
#
# 1. Run two short experiments: they show why training looks the way it does.
# 2. Write the training step, or leave it to the recipe.
# 3. Choose the plans and train.
# 4. Save the better network of each width, and fill in the QAT half of Table 1.
#
# **Experiment 1: static and dynamic ranges.** The range of the activations may be *static*, chosen
# once from calibration images, or *dynamic*, chosen for each batch from its own numbers. The next
# cell compares them at W4A4, on held-out images. All rows have the same weights, with symmetric
# scales. Table 1 has other numbers: it uses the test images, and SAWB scales in its first column.

# %% cell="ranges"
with waiting(), fast_integers_if_exact(solution):
    needs(solution, "1a", "2b")
    display(experiments.static_and_dynamic(session, solution, 500 if session.fast else 2_000))

# %% [markdown] cell="ranges-text"
# A dynamic range never clips, and follows the batch. It costs a pass over all activations of each
# layer at run time, and the result for an image depends on the rest of its batch. A static range
# costs nothing at run time, and may clip on purpose: training can even *learn* where it ends. All
# networks of this question have static ranges.
#
# **Experiment 2: why training keeps float weights.** The code of a weight that is exactly on its
# grid point changes after a move by half a step, $s / 2$. A float weight near a boundary needs
# less. The next cell trains W4A4 for a few steps of gradient descent, twice. Once float weights
# are kept behind the codes; once the weights are rounded to their codes after each step.

# %% cell="still"
with waiting():
    needs(solution, "1a", "2a")
    display(
        experiments.with_and_without_float_weights(session, solution, 4 if session.fast else 16)
    )

# %% [markdown] cell="step-text"
# Codes alone do not move: each update is smaller than $s / 2$ and is forgotten. Float weights add
# the small updates up, until a code changes. So training keeps float weights and rounds them in
# every forward pass (*fake quantization*); only the finished network is integers.
#
# **Write the training step.** It has no points, and the trainings below work without it: the recipe
# then does the same. Two functions, about ten lines:
#
# - `training_step` returns the loss of a batch. The float network is the *teacher* with the
#   probabilities $p$, the quantized network has the probabilities $q$, and $y$ are the labels:
#   $$L = \frac{1}{N} \sum_{n=1}^{N} \sum_{c} p_{nc} \log \frac{p_{nc}}{q_{nc}}
#   \;-\; \frac{1}{N} \sum_{n=1}^{N} \log q_{n y_n}$$
# - `clip_gradient` is the backward pass of $y = \min(\max(x, 0), \alpha)$, where $\alpha$ is the
#   `end` of the range of the activations. PACT (Choi et al. 2018) *learns* $\alpha$. All $x$ of a
#   tensor share it, so its gradient is $\sum_i \frac{\partial L}{\partial y_i}
#   \frac{\partial y_i}{\partial \alpha}$.
#
# The trainer calls `backward()` on your loss, takes the step of SGD, and lowers the learning rate.
# The next cell checks both functions. Until a function is right, the recipe's is used in its place.


# %% role="exercise" question="2d" cell="step"
def training_step(network, teacher, images, labels):
    """Return the loss of one batch: KL divergence from the teacher, plus cross entropy.

    network: the quantized network, in training mode; network(images) are logits, float32 (N, 10)
    teacher: the float network, called alike; it gets no gradient
    images:  float32 (N, 3, 32, 32), normalized
    labels:  int64 (N,)
    returns: one number, a tensor of shape ()
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        target = teacher(images).softmax(1)
    logits = network(images)
    divergence = F.kl_div(logits.log_softmax(1), target, reduction="batchmean")
    return divergence + F.cross_entropy(logits, labels)
    ### END SOLUTION


def clip_gradient(gradient, x, end):
    """Return the gradients of y = min(max(x, 0), end), for x and for end.

    gradient: dL/dy, float32, of the shape of x
    x:        the numbers that are clipped, float32, any shape
    end:      a tensor of shape ()
    returns:  (dL/dx of the shape of x, dL/d end of shape ())
    """
    ### BEGIN SOLUTION
    inside = (x >= 0) & (x <= end)
    return gradient * inside, (gradient * (x > end)).sum()
    ### END SOLUTION


# %% cell="check-step"
own_step = checked_step(training_step, clip_gradient)

# %% [markdown] cell="qat-text"
# **Choose the plans.** `quantlab/training/fine_tuning.py` is the recipe around your step: read it.
# Each plan below is one short training. Change the plans, or replace the recipe by any training of
# your own; what counts is the network.
#
# Choose by the accuracy on the *held-out* images, `session.held_out`: a tenth of the training set,
# which `session.train` leaves out. This holds for a plan, for a method, and for which network to
# keep. A network that was chosen by its test accuracy looks better on the test images than it is.
# Read the test images once for each final network.
#
# **Train.** The cell prints how long it will take. Stop it whenever you like and run it again: it
# continues at the step where it stopped.
#
# **Whose code runs.** In training the layers run your `linear_quantize_STE`,
# `linear_dequantize` and `reset_scale_and_zero_point`. In evaluation they run your
# `linear_quantize` and your two layers of 2b; inside these, the kit's `integer_conv2d` and
# `integer_linear` replace yours if both return the same integers on a small example, because they
# are several times as fast.

# %% cell="qat"
plans = fine_tuning.FAST_PLANS if session.fast else fine_tuning.PLANS
methods = ("SAWB",) if session.fast else ("SAWB", "sym")
trained, held_out = {}, {}

with waiting(), fast_integers_if_exact(solution):
    needs(solution, "1a", "2a", "2b")
    time_estimates.announce_training(session, solution, plans.values(), len(methods))
    for method in methods:
        for cell, plan in plans.items():
            print(f"{cell}, {method}: {plan}")
            curves = TrainingCurves(session, f"{cell}, {method}")
            network = fine_tuning.fine_tune(
                session.float_model,
                solution,
                cell,
                method,
                session.train,
                plan,
                session.checkpoints,
                start=trained.get((plan.after, method)),
                own=own_step,
                watch=curves.watch,
                after_epoch=curves.after_epoch,
            )
            curves.finish()
            trained[cell, method] = network
            held_out[cell, method] = session.accuracy(network, session.held_out)
            count = len(session.held_out)
            print(
                f"{cell}, {method}: {held_out[cell, method]:.2f} % of all {count:,} held-out images"
            )

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
# All choices are made. The next cell measures each network on the test images, once, and fills in
# the QAT half of Table 1.

# %% cell="test"
with waiting(), fast_integers_if_exact(solution):
    for (cell, method), network in trained.items():
        session.answers.record_accuracy("qat", cell, method, session.accuracy(network))
display(tables.accuracy_table(session.answers.read()))

# %% cell="layers"
with waiting():
    if ("W2A2", "SAWB") in trained:
        before = quantize_model(session.float_model, solution, 2, 2, "SAWB", images)
        display(network_plots.plot_layers_histogram(before, trained["W2A2", "SAWB"]))

# %% role="auto" cell="auto-2d"

# %% [markdown] role="written" cell="written-2d"
# **Written answer 2d.** Document your training: loss, data, schedule, what is learned and what is
# fixed, how you chose. Compare the result with PTQ, with the histograms where they help: where does
# training win most, and why there?
#
# ### BEGIN SOLUTION
# Each network starts from the float weights (W2A2 from those of the trained W8A2). It is trained
# with SGD (momentum 0.9, weight decay 1e-4, cosine schedule with a short warm-up) on cropped and
# mirrored training images. The float network is the teacher: the loss is the KL divergence from its
# class probabilities plus the cross entropy. Weights are fake-quantized in every step with a scale
# that follows them, and get their gradient straight through. Activations are clipped before the
# estimator, so that numbers beyond the range get no gradient. The end of the range starts from the
# calibration and learns from what it clips (PACT). At the end the statistics of batch normalization
# are averaged again. The learning rate is 0.02, and 0.001 at 8 bits, where little has to change.
# The method of each width was chosen on held-out training images; the test images were read once
# for each network, afterwards.
#
# At W8A8 nothing is to be gained: PTQ is at the float accuracy. At W4A4 and W8A2 training regains
# most of what the coarse activations cost. With 2-bit weights PTQ is at chance and training brings
# it to within a few points of the float network: four levels per weight are enough, but not the
# four that are nearest to weights trained without them. The histograms show it: in most layers the
# shares of the four levels are not those that rounding gave.
# ### END SOLUTION
