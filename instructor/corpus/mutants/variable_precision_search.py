"""Mistakes in variable_precision_search, one each."""

import itertools
import random

ALL = ["3.search.valid", "3.search.floor", "3.search.size", "3.search.repeatable"]
FLOOR_AND_SIZE = ["3.search.floor", "3.search.size"]


def search_greedily(layer_sizes, evaluate, candidate_bits, accuracy_floor):
    widths = sorted(candidate_bits)
    bits = dict.fromkeys(layer_sizes, widths[-1])
    for width in reversed(widths):
        if evaluate(dict.fromkeys(layer_sizes, width)) > accuracy_floor:
            bits = dict.fromkeys(layer_sizes, width)
    for layer in sorted(layer_sizes, key=layer_sizes.get, reverse=True):
        for width in widths:
            if width < bits[layer] and evaluate({**bits, layer: width}) > accuracy_floor:
                bits[layer] = width
                break
    return bits


@mutant(
    "accepts an accuracy equal to the floor",
    sentence="Your search accepts an accuracy that equals the floor. Above the floor is asked for.",
    caught_by=["3.search.floor"],
)
def accepts_the_floor_itself():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits)
        bits = dict.fromkeys(layer_sizes, widths[-1])
        for width in reversed(widths):
            if evaluate(dict.fromkeys(layer_sizes, width)) >= accuracy_floor:
                bits = dict.fromkeys(layer_sizes, width)
        for layer in sorted(layer_sizes, key=layer_sizes.get, reverse=True):
            for width in widths:
                if width < bits[layer] and evaluate({**bits, layer: width}) >= accuracy_floor:
                    bits[layer] = width
                    break
        return bits


@mutant(
    "returns a pair of widths and accuracy",
    sentence=(
        "You return the widths together with their accuracy. Return the dictionary {layer: "
        "bits} alone."
    ),
    caught_by=ALL,
)
def accuracy_beside_the_widths():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        bits = search_greedily(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        return bits, evaluate(bits)


@mutant(
    "takes the widest width everywhere",
    sentence=(
        "All layers keep the widest width. That is above the floor if anything is, but one "
        "narrower width for all layers already makes a smaller model."
    ),
    caught_by=["3.search.size"],
)
def always_the_widest():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        return dict.fromkeys(layer_sizes, max(candidate_bits))


@mutant(
    "gives large layers 4 bits and small ones 8, unmeasured",
    sentence=(
        "Your widths follow from the sizes of the layers alone: 4 bits for large ones, 8 for "
        "the others. Only evaluate shows how much a layer tolerates."
    ),
    caught_by=FLOOR_AND_SIZE,
)
def by_size_without_measuring():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        mean = sum(layer_sizes.values()) / len(layer_sizes)
        return {layer: 4 if size > mean else 8 for layer, size in layer_sizes.items()}


@mutant(
    "keeps the step that fell below the floor",
    sentence=(
        "Your search ends with the step that took the accuracy below the floor. Go back to "
        "the widths before that step."
    ),
    caught_by=FLOOR_AND_SIZE,
)
def does_not_step_back():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits, reverse=True)
        bits = dict.fromkeys(layer_sizes, widths[0])
        for layer in sorted(layer_sizes, key=layer_sizes.get, reverse=True):
            for width in widths[1:]:
                bits[layer] = width
                if evaluate(dict(bits)) <= accuracy_floor:
                    break
        return bits


@mutant(
    "tries every layer alone and never all together",
    sentence=(
        "Each layer is tried with all others at the widest, and the widths found are never "
        "evaluated together. Losses of accuracy add up."
    ),
    caught_by=FLOOR_AND_SIZE,
)
def each_layer_alone():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits)
        widest = dict.fromkeys(layer_sizes, widths[-1])
        bits = dict(widest)
        for layer in layer_sizes:
            for width in widths:
                if evaluate({**widest, layer: width}) > accuracy_floor:
                    bits[layer] = width
                    break
        return bits


@mutant(
    "keeps the first and the last layer at the widest",
    sentence=(
        "The first and the last layer keep the widest width, the rest gets one width. That "
        "makes a larger model than this width everywhere, which is above the floor as well."
    ),
    caught_by=["3.search.size"],
)
def first_and_last_at_the_widest():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits)
        bits = dict.fromkeys(layer_sizes, widths[-1])
        for width in reversed(widths):
            if evaluate(dict.fromkeys(layer_sizes, width)) > accuracy_floor:
                bits = dict.fromkeys(layer_sizes, width)
        layers = list(layer_sizes)
        bits[layers[0]] = bits[layers[-1]] = widths[-1]
        return bits


@mutant(
    "returns 32 bits for the first layer",
    sentence="Your first layer keeps 32 bits. Every layer gets one of the candidate widths.",
    caught_by=ALL,
)
def first_layer_at_32_bits():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        bits = search_greedily(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        bits[next(iter(layer_sizes))] = 32
        return bits


@mutant(
    "leaves the first layer out of the result",
    sentence=(
        "The first layer has no width in your result. Here it is quantized like the others, "
        "so every layer of layer_sizes needs one."
    ),
    caught_by=ALL,
)
def first_layer_forgotten():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        bits = search_greedily(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        del bits[next(iter(layer_sizes))]
        return bits


@mutant(
    "returns the widths as text",
    sentence="Your widths are text. A number of bits is a Python int.",
    caught_by=ALL,
)
def text_widths():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        bits = search_greedily(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        return {layer: str(width) for layer, width in bits.items()}


@mutant(
    "allows a loss of 100 - floor below the widest model",
    sentence=(
        "Your search allows the accuracy to fall below that of the widest model by 100 minus "
        "the floor. The floor is an accuracy in percent, not a loss."
    ),
    caught_by=FLOOR_AND_SIZE,
)
def floor_below_the_widest():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits)
        bits = dict.fromkeys(layer_sizes, widths[-1])
        floor = evaluate(bits) - (100 - accuracy_floor)
        for layer in sorted(layer_sizes, key=layer_sizes.get, reverse=True):
            for width in widths:
                if width < bits[layer] and evaluate({**bits, layer: width}) > floor:
                    bits[layer] = width
                    break
        return bits


@mutant(
    "takes the narrowest width everywhere",
    sentence=(
        "Every layer gets the narrowest width, far below the floor. Only widths that "
        "evaluate puts above the floor count. Both are in percent: accuracy_floor is 85.0, "
        "not 0.85."
    ),
    caught_by=FLOOR_AND_SIZE,
)
def ignores_the_floor():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        return dict.fromkeys(layer_sizes, min(candidate_bits))


@mutant(
    "takes the last candidate for the widest",
    sentence=(
        "Where no widths are above the floor you return the last of candidate_bits. They "
        "stand in no order; the largest is asked for."
    ),
    caught_by=["3.search.floor"],
)
def last_candidate_is_widest():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        for bits in sorted(candidate_bits):
            widths = dict.fromkeys(layer_sizes, bits)
            if evaluate(widths) > accuracy_floor:
                return widths
        return dict.fromkeys(layer_sizes, candidate_bits[-1])


@mutant(
    "adds a layer that does not exist",
    sentence=(
        "Your result names a layer that is not among layer_sizes. It must name those layers "
        "and no others."
    ),
    caught_by=ALL,
)
def layer_that_does_not_exist():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits)
        bits = search_greedily(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        bits["conv1x"] = widths[-1]
        return bits


@mutant(
    "returns the accuracies of the uniform models",
    sentence=(
        "You return the accuracies that evaluate gave. Asked for are the widths, {layer: bits}."
    ),
    caught_by=ALL,
)
def list_of_accuracies():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        return [evaluate(dict.fromkeys(layer_sizes, width)) for width in candidate_bits]


@mutant(
    "returns the narrowest widths where none is above the floor",
    sentence=(
        "Where no model is above the floor you return the narrowest. The widest is asked for "
        "then, the best that there is."
    ),
    caught_by=["3.search.floor"],
)
def narrowest_when_none_passes():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits)
        bits = search_greedily(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        if evaluate(bits) <= accuracy_floor:
            return dict.fromkeys(layer_sizes, widths[0])
        return bits


@mutant(
    "returns nothing",
    sentence=(
        "Your search returns None: it ends without a return. Asked for is {layer: bits} for "
        "every layer."
    ),
    caught_by=ALL,
)
def nothing_returned():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits)
        bits = search_greedily(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        if evaluate(bits) <= accuracy_floor:
            bits = dict.fromkeys(layer_sizes, widths[-1])


@mutant(
    "lowers every layer by one step only",
    sentence=(
        "Every layer goes one step down and no further. Continue while the accuracy stays above "
        "the floor."
    ),
    caught_by=["3.search.size"],
)
def one_step_only():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits)
        bits = dict.fromkeys(layer_sizes, widths[-1])
        for layer in layer_sizes:
            if evaluate({**bits, layer: widths[-2]}) > accuracy_floor:
                bits[layer] = widths[-2]
        return bits


@mutant(
    "raises where no width is above the floor",
    sentence=(
        "Where no model is above the floor your search raises an exception. The widest is "
        "asked for then."
    ),
    caught_by=["3.search.floor"],
    named=False,
)
def raises_when_none_passes():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits)
        bits = search_greedily(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        if evaluate(bits) <= accuracy_floor:
            raise ValueError("no widths are above the floor")
        return bits


@mutant(
    "lowers layers that it draws at random",
    sentence=(
        "Your search draws at random which layer it lowers next, so that it finds other "
        "widths each time. Use nothing random: the same accuracies give the same widths."
    ),
    caught_by=["3.search.repeatable"],
)
def random_steps():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits)
        bits = dict.fromkeys(layer_sizes, widths[-1])
        for width in reversed(widths):
            if evaluate(dict.fromkeys(layer_sizes, width)) > accuracy_floor:
                bits = dict.fromkeys(layer_sizes, width)
        for _ in range(3 * len(layer_sizes)):
            layer = random.choice(list(layer_sizes))
            narrower = widths[max(0, widths.index(bits[layer]) - 1)]
            if evaluate({**bits, layer: narrower}) > accuracy_floor:
                bits[layer] = narrower
        return bits


@mutant(
    "remembers from call to call which layers are finished",
    sentence=(
        "Your search remembers between calls which layers it has finished, and a second call "
        "leaves them alone. Everything that it needs must be created in each call."
    ),
    caught_by=["3.search.repeatable"],
)
def remembers_finished_layers():
    FINISHED = set()

    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        widths = sorted(candidate_bits)
        bits = dict.fromkeys(layer_sizes, widths[-1])
        for width in reversed(widths):
            if evaluate(dict.fromkeys(layer_sizes, width)) > accuracy_floor:
                bits = dict.fromkeys(layer_sizes, width)
        for layer in sorted(layer_sizes, key=layer_sizes.get, reverse=True):
            if layer in FINISHED:
                continue
            for width in widths:
                if width < bits[layer] and evaluate({**bits, layer: width}) > accuracy_floor:
                    bits[layer] = width
                    break
            FINISHED.add(layer)
        return bits


@mutant(
    "lowers widths by one bit, whatever the candidates are",
    sentence=(
        "Your search lowers a width by one bit at a time and ends at widths between the "
        "candidates. Choose from candidate_bits only."
    ),
    caught_by=["3.search.valid"],
)
def steps_of_one_bit():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        bits = dict.fromkeys(layer_sizes, max(candidate_bits))
        for width in range(max(candidate_bits) - 1, min(candidate_bits) - 1, -1):
            for layer in layer_sizes:
                narrower = {**bits, layer: width}
                if bits[layer] == width + 1 and evaluate(narrower) > accuracy_floor:
                    bits = narrower
        return bits


@mutant(
    "returns the widths as strings",
    sentence="Your widths are strings. A number of bits is a Python int.",
    caught_by=ALL,
)
def string_widths():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        bits = search_greedily(layer_sizes, evaluate, candidate_bits, accuracy_floor)
        return {layer: f"{width}" for layer, width in bits.items()}


@mutant(
    "evaluates every combination of widths",
    sentence=(
        "Your search calls evaluate for every combination of widths, far more often than 2 * "
        "len(layer_sizes) * len(candidate_bits) times. Each call costs a run over the test "
        "images."
    ),
    caught_by=ALL,
    named=False,
)
def tries_every_combination():
    def variable_precision_search(
        layer_sizes, evaluate, candidate_bits=(2, 3, 4, 5, 6, 7, 8), accuracy_floor=85.0
    ):
        layers = list(layer_sizes)
        best = dict.fromkeys(layers, max(candidate_bits))
        for widths in itertools.product(candidate_bits, repeat=len(layers)):
            bits = dict(zip(layers, widths, strict=True))
            size = sum(layer_sizes[layer] * bits[layer] for layer in layers)
            if evaluate(bits) > accuracy_floor and size < sum(
                layer_sizes[layer] * best[layer] for layer in layers
            ):
                best = bits
        return best
