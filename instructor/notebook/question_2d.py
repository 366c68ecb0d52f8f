# %% role="drop"
"""Cells of main.ipynb: question 2d, quantization-aware training.

The attributes of a cell are explained in authoring/build/notebook.py.
"""

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
        display(network_plots.plot_layers_histogram(before, trained["W2A2", "SAWB"]))

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
