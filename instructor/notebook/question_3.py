# %% role="drop"
"""Cells of main.ipynb: question 3, variable precision.

The attributes of a cell are explained in authoring/build/notebook.py.
"""

# %% [markdown] cell="q3"
# ## 3. Variable precision ({{points 3}} points)
#
# **Goal.** Give each layer its own bit width: a small network above {{threshold variable}} %.
#
# Layers differ in size and in how much accuracy they lose on a coarse grid. Here only weights
# become smaller. They are signed and symmetric, and activations have 16 bits. All 20 layers are
# quantized, `conv1` too, unlike in question 2. Any search that respects the floor and is no larger
# than the best uniform width gets all points. Smaller networks earn a bonus, by the steps in
# `handout.md`.
#
# **Whose code runs.** Your functions quantize the weights. `quantlab/evaluation/mixed_precision.py`
# quantizes the activations and computes the network.
#
# First, look at the layers: one of them is narrow, and all others have 8 bits. The accuracy is
# measured on *held-out* images. Test images are only for the final number.

# %% [markdown] cell="guess-3-text"
# **Predict, then run.** With which layer at 2 bits, all others at 8, does the network lose least
# accuracy? Enter its name, such as `"conv1"`, `"layer2.1.conv2"` or `"fc"`, or leave `None`. The
# next cell shows your guess beside the result.

# %% cell="guess-3"
GUESS_NARROWEST = None

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


narrowest = None

with waiting():
    needs(solution, "1a")
    narrow = (2,) if session.fast else (2, 3)
    with time_estimates.announced("The look at all layers", len(narrow) * len(sizes)):
        full = accuracy_of(dict.fromkeys(sizes, 8))
    accuracies = {
        bits: {
            name: accuracy_of({**dict.fromkeys(sizes, 8), name: bits})
            for name in progress_bar(sizes, desc=f"one layer at {bits} bits")
        }
        for bits in narrow
    }
    narrowest = max(accuracies[2], key=accuracies[2].get)
    display(network_plots.sensitivity(accuracies, full))
compare_guess(session.answers, "narrowest_layer", GUESS_NARROWEST, narrowest)

# %% [markdown] cell="search-text"
# **Now search.**
#
# 1. Write the numbers below on paper.
# 2. Complete `variable_precision_search`. Run `check("3")`, and `hint("3")` if you are stuck.
# 3. Run the search. It calls your function with `accuracy_of` as `evaluate`, on held-out images.
#
# The search tries the widths in `widths_to_try`, 2 to 8 bits. You may also use 1 bit, and 0 bits
# for a convolution inside a block: record your own `{layer: bits}` with
# `session.answers.record_bit_widths`.
#
# Its floor is higher than {{threshold variable}} %, for two reasons. The float network may do
# better on these images than on new ones (`session.float_accuracy`), and the difference is added.
# Few images measure coarsely, so a margin is added too. The test images are read once, for the
# final network.

# %% [markdown] cell="paper-3"
# **On paper first.** A network has two layers: `a` with 100 weights and `b` with 300. The accuracy
# must be above 85 %. It was measured at four combinations of widths:
#
# | | `b` at 4 bits | `b` at 2 bits |
# |:--|--:|--:|
# | `a` at 4 bits | 91 % | 86 % |
# | `a` at 2 bits | 88 % | 80 % |
#
# Write down
#
# 1. the size of the four models in bits,
# 2. the best model with one width everywhere,
# 3. the best model of all,
# 4. the best model if 86 % were exactly 85 %.
#
# <details><summary>Answer</summary>
#
# 1. 1600, 1400, 1000 and 800 bits.
# 2. Both layers at 4 bits, 1600 bits. At 2 bits 80 % is not above the floor.
# 3. `a` at 4 and `b` at 2 bits, 1000 bits.
# 4. `a` at 2 and `b` at 4 bits, 1400 bits: an accuracy equal to the floor is not above it.
#
# </details>

# %% cell="check-3"
check("3")

# %% cell="hint-3"
# A hint for each function that is not right yet: level 1, 2 or 3, from a question to an example.
hint("3", 1)

# %% cell="search"
widths_to_try = (2, 4, 8) if session.fast else (2, 3, 4, 5, 6, 7, 8)
FLOOR = float("{{threshold variable}}")
margin = 5.0 if session.fast else 3.0  # percentage points; few images are a coarse ruler
chosen_bits = floor = None

with waiting():
    needs(solution, "1a", "3")
    with time_estimates.announced("A search that tries 100 combinations of widths", 100):
        full = evaluate_bit_widths(state, dict.fromkeys(sizes, 8), searched, solution)
    floor = FLOOR + max(0.0, full - session.float_accuracy) + margin
    print(f"The search stays above {floor:.1f} %: {FLOOR:g} % and {floor - FLOOR:.1f} to be safe.")
    with progress_bar(desc="evaluations") as bar:

        def evaluate_widths(bit_widths):
            """Return `accuracy_of` these widths, and count the call."""
            bar.update()
            return accuracy_of(bit_widths)

        chosen_bits = solution.variable_precision_search(
            sizes, evaluate_widths, widths_to_try, floor
        )
    session.answers.record_bit_widths(chosen_bits)
if chosen_bits:
    final = evaluate_bit_widths(state, chosen_bits, session.test, solution)
    display(tables.bit_width_table(chosen_bits, sizes))
    print(f"{packed_model.kibibytes(chosen_bits, sizes):.1f} KiB, {final:.2f} % on the test images")

# %% [markdown] cell="pareto-text"
# The next figure shows every model that was tried, on the images of the search, and yours among
# them. A model is worth having if no other is both smaller and at least as accurate. The blue line
# connects these. Two lines are floors: that of the assignment, which counts on test images, and the
# higher one of the search.

# %% cell="pareto"
with waiting():
    needs(solution, "1a")
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
    display(network_plots.pareto(cloud, yours, FLOOR, points, floor))

# %% [markdown] cell="finetune-text"
# **Smaller still (optional).** A network that is fine-tuned for its widths needs fewer bits. There
# are two ways to submit one:
#
# - **Weights.** Save the float `state_dict` with `torch.save(net.state_dict(), session.results /
#   "ResNet20_variable.pt")`, and record its widths with `session.answers.record_bit_widths`. The
#   grader quantizes these weights at these widths.
# - **Codes.** Write the codes and your own scales with `packed_model.save` to `session.results /
#   "ResNet20_variable.packed"`; `quantlab/formats/packed_model.py` describes the arguments. Size
#   and accuracy are then those of your codes. Some courses publish a leaderboard of such models.
#   You are on it only under a pseudonym that you choose:
#   `session.answers.record_leaderboard("Captain Clip")`. None withdraws it.

# %% role="auto" cell="auto-3"
