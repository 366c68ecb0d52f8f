"""Mistakes in tables of answers.json, one each."""

import json
from pathlib import Path

import quantlab
from instructor import solution
from quantlab.data.student_vectors import student_vectors

PTQ = ["2c.ptq.SAWB", "2c.ptq.sym"]
MSE = ["1b.A.sym", "1b.A.heuristic", "1b.A.SAWB", "1b.B.sym", "1b.B.heuristic", "1b.B.SAWB"]
BIT_WIDTHS = ["3.bit_widths.valid", "3.bit_widths.accuracy"]


@mutant(
    "reports the row of 8-bit activations for all activations",
    sentence=(
        "Your accuracies do not depend on the bits of the activations. In W8A2 and W2A2 these"
        " have 2 bits."
    ),
    caught_by=PTQ,
)
def activations_not_quantized():
    def falsify(record):
        ptq = record["table1"]["ptq"]
        ptq["W8A2"], ptq["W2A2"] = dict(ptq["W8A8"]), dict(ptq["W2A8"])


@mutant(
    "copies the table of another student",
    sentence="These are the errors of another student's vectors. Draw A and B with your own id.",
    caught_by=MSE,
    named=False,
)
def another_students_vectors():
    def falsify(record):
        for vector, values in student_vectors("somebody else").items():
            for method, cells in record["mse"][vector].items():
                for bits in cells:
                    scale, zero = solution.reset_scale_and_zero_point(values, int(bits), method)
                    codes = solution.linear_quantize(values, scale, zero, int(bits))
                    recovered = solution.linear_dequantize(codes, scale, zero)
                    cells[bits] = float((values - recovered).square().mean())


@mutant(
    "compares the codes with the numbers",
    sentence=(
        "You compare the codes with the numbers that they stand for. Recover real numbers "
        "from the codes first, equation (3)."
    ),
    caught_by=MSE,
)
def codes_not_recovered():
    def falsify(record):
        for vector, values in student_vectors(record["student"]).items():
            for method, cells in record["mse"][vector].items():
                for bits in cells:
                    scale, zero = solution.reset_scale_and_zero_point(values, int(bits), method)
                    codes = solution.linear_quantize(values, scale, zero, int(bits))
                    cells[bits] = float((values - codes).square().mean())


@mutant(
    "reports signal to noise in decibels",
    sentence=(
        "Your numbers are signal-to-noise ratios in decibels. The table holds the mean "
        "squared error as it is."
    ),
    caught_by=MSE,
)
def decibels():
    def falsify(record):
        for vector, values in student_vectors(record["student"]).items():
            for method, cells in record["mse"][vector].items():
                for bits in cells:
                    scale, zero = solution.reset_scale_and_zero_point(values, int(bits), method)
                    codes = solution.linear_quantize(values, scale, zero, int(bits))
                    recovered = solution.linear_dequantize(codes, scale, zero)
                    cells[bits] = float(
                        10 * (values.square().mean() / (values - recovered).square().mean()).log10()
                    )


@mutant(
    "reports the mean of the differences",
    sentence=(
        "Your differences are averaged without being squared, so that those above and below "
        "zero cancel. That is the bias of the error, which question 1c asks about."
    ),
    caught_by=MSE,
)
def difference_not_squared():
    def falsify(record):
        for vector, values in student_vectors(record["student"]).items():
            for method, cells in record["mse"][vector].items():
                for bits in cells:
                    scale, zero = solution.reset_scale_and_zero_point(values, int(bits), method)
                    codes = solution.linear_quantize(values, scale, zero, int(bits))
                    recovered = solution.linear_dequantize(codes, scale, zero)
                    cells[bits] = abs(float((values - recovered).mean()))


@mutant(
    "exchanges the columns of 8 and 2 bits",
    sentence="Your columns of 8 and 2 bits have changed places: more bits mean a smaller error.",
    caught_by=MSE,
)
def eight_and_two_bits_exchanged():
    def falsify(record):
        for methods in record["mse"].values():
            for cells in methods.values():
                cells["8"], cells["2"] = cells["2"], cells["8"]


@mutant(
    "reports the share of wrong predictions",
    sentence=(
        "Your table holds the share of images that are classified wrongly. The accuracy is "
        "the share of the others."
    ),
    caught_by=PTQ,
)
def error_rates():
    def falsify(record):
        for accuracies in record["table1"]["ptq"].values():
            for method, percent in accuracies.items():
                accuracies[method] = 100 - percent


@mutant(
    "reports the accuracy of the float model everywhere",
    sentence=(
        "All your rows hold the accuracy of the float model. Measure the quantized model of "
        "each row."
    ),
    caught_by=PTQ,
)
def float_accuracy_everywhere():
    CHECKPOINTS = Path(quantlab.__file__).resolve().parent.parent / "checkpoints"

    def falsify(record):
        dataset = {"CIFAR-10": "cifar10", "Shapes-10": "shapes10"}[record["dataset"]]
        text = (CHECKPOINTS / f"resnet20_{dataset}.json").read_text(encoding="utf-8")
        for accuracies in record["table1"]["ptq"].values():
            for method in accuracies:
                accuracies[method] = json.loads(text)["test_accuracy"]


@mutant(
    "reports fractions instead of percent",
    sentence="Your accuracies are fractions of 1. The table is in percent.",
    caught_by=PTQ,
)
def fractions_for_percent():
    def falsify(record):
        for accuracies in record["table1"]["ptq"].values():
            for method, percent in accuracies.items():
                accuracies[method] = percent / 100


@mutant(
    "invents an error below the least possible",
    sentence=(
        "No scale has an error as small as the one that you report for the heuristic. Report "
        "what your code measures."
    ),
    caught_by=["1b.A.heuristic"],
    named=False,
)
def heuristic_better_than_possible():
    def falsify(record):
        cells = record["mse"]["A"]["heuristic"]
        for bits in cells:
            cells[bits] *= 0.8


@mutant(
    "reports the error in units of steps",
    sentence=(
        "Your errors are those of x / s, in units of steps. Multiply by the scale first, as "
        "equation (3) does, and compare real numbers with real numbers."
    ),
    caught_by=MSE,
)
def in_units_of_steps():
    def falsify(record):
        for vector, values in student_vectors(record["student"]).items():
            for method, cells in record["mse"][vector].items():
                for bits in cells:
                    scale, zero = solution.reset_scale_and_zero_point(values, int(bits), method)
                    codes = solution.linear_quantize(values, scale, zero, int(bits))
                    recovered = solution.linear_dequantize(codes, scale, zero)
                    cells[bits] = float(((values - recovered) / scale).square().mean())


@mutant(
    "forgets a layer in the bit widths",
    sentence=(
        "One layer has no bit width. Give one for each of the 20 layers, conv1 and fc included."
    ),
    caught_by=BIT_WIDTHS,
)
def layer_without_a_width():
    def falsify(record):
        del record["bit_widths"]["conv1"]


@mutant(
    "reports the mean absolute error",
    sentence=(
        "Your numbers are means of the magnitudes of the differences. Take their squares, as "
        "equation (4) does."
    ),
    caught_by=MSE,
)
def mean_absolute_error():
    def falsify(record):
        for vector, values in student_vectors(record["student"]).items():
            for method, cells in record["mse"][vector].items():
                for bits in cells:
                    scale, zero = solution.reset_scale_and_zero_point(values, int(bits), method)
                    codes = solution.linear_quantize(values, scale, zero, int(bits))
                    recovered = solution.linear_dequantize(codes, scale, zero)
                    cells[bits] = float((values - recovered).abs().mean())


@mutant(
    "gives a layer 9 bits",
    sentence="A layer has more than 8 bits. A width is a whole number from 1 to 8.",
    caught_by=BIT_WIDTHS,
)
def nine_bits():
    def falsify(record):
        record["bit_widths"]["fc"] = 9


@mutant(
    "gives every layer 1 bit",
    sentence=(
        "With 1 bit everywhere the network is small and useless. Its accuracy must stay above"
        " the floor of question 3."
    ),
    caught_by=["3.bit_widths.accuracy"],
)
def one_bit_everywhere():
    def falsify(record):
        record["bit_widths"] = dict.fromkeys(record["bit_widths"], 1)


@mutant(
    "keeps the scale of 8 bits for all widths",
    sentence=(
        "Your errors at 4 and 2 bits were made with the scale of 8 bits, which clips almost "
        "everything there. Choose a scale for each width."
    ),
    caught_by=MSE,
)
def one_scale_for_all_widths():
    def falsify(record):
        for vector, values in student_vectors(record["student"]).items():
            for method, cells in record["mse"][vector].items():
                for bits in cells:
                    scale, zero = solution.reset_scale_and_zero_point(values, 8, method)
                    codes = solution.linear_quantize(values, scale, zero, int(bits))
                    recovered = solution.linear_dequantize(codes, scale, zero)
                    cells[bits] = float((values - recovered).square().mean())


@mutant(
    "reports the root of the mean squared error",
    sentence=(
        "Your numbers are roots of the mean squared error. The table asks for the mean of the"
        " squares itself."
    ),
    caught_by=MSE,
)
def root_of_the_error():
    def falsify(record):
        for methods in record["mse"].values():
            for cells in methods.values():
                for bits, error in cells.items():
                    cells[bits] = error**0.5


@mutant(
    "reports the sum of the squares",
    sentence=(
        "Your numbers are sums over all elements. Divide by their number: the mean is asked for."
    ),
    caught_by=MSE,
)
def sum_of_squares():
    def falsify(record):
        for methods in record["mse"].values():
            for cells in methods.values():
                for bits, error in cells.items():
                    cells[bits] = 100_000 * error


@mutant(
    "exchanges the rows of sym and SAWB",
    sentence=(
        "Your rows of sym and SAWB have changed places. At 2 bits the range up to the largest"
        " magnitude has the larger error."
    ),
    caught_by=["1b.A.sym", "1b.A.SAWB", "1b.B.sym", "1b.B.SAWB"],
)
def sym_and_sawb_exchanged():
    def falsify(record):
        for methods in record["mse"].values():
            methods["sym"], methods["SAWB"] = methods["SAWB"], methods["sym"]


@mutant(
    "divides the range of sym by the largest code",
    sentence=(
        "Your sym divides the largest magnitude by the largest code, 2^(b-1) - 1. Here the "
        "step is the largest magnitude divided by 2^(b-1)."
    ),
    caught_by=["1b.A.sym", "1b.B.sym"],
)
def sym_up_to_largest_code():
    def falsify(record):
        for vector, values in student_vectors(record["student"]).items():
            cells = record["mse"][vector]["sym"]
            for bits in cells:
                scale = values.abs().max() / (2 ** (int(bits) - 1) - 1)
                codes = solution.linear_quantize(values, scale, 0, int(bits))
                recovered = solution.linear_dequantize(codes, scale, 0)
                cells[bits] = float((values - recovered).square().mean())


@mutant(
    "exchanges the columns of SAWB and sym in Table 1",
    sentence="Your columns of SAWB and sym have changed places in Table 1.",
    caught_by=PTQ,
)
def table1_methods_exchanged():
    def falsify(record):
        for accuracies in record["table1"]["ptq"].values():
            accuracies["SAWB"], accuracies["sym"] = accuracies["sym"], accuracies["SAWB"]


@mutant(
    "reports the trained models as post-training quantization",
    sentence=(
        "The accuracies of your trained models stand in the half for post-training "
        "quantization. That half is measured before any training."
    ),
    caught_by=PTQ,
    named=False,
)
def trained_models_in_the_ptq_table():
    def falsify(record):
        for cell, accuracies in record["table1"]["ptq"].items():
            for method in accuracies:
                accuracies[method] = record["table1"]["qat"][cell]["sym"]


@mutant(
    "quantizes signed data to unsigned codes",
    sentence=(
        "Your codes begin at 0, so that all negative numbers are lost. A and B have both "
        "signs and need signed codes."
    ),
    caught_by=MSE,
)
def unsigned_codes():
    def falsify(record):
        for vector, values in student_vectors(record["student"]).items():
            for method, cells in record["mse"][vector].items():
                for bits in cells:
                    scale, zero = solution.reset_scale_and_zero_point(values, int(bits), method)
                    codes = solution.linear_quantize(values, scale, zero, int(bits), signed=False)
                    recovered = solution.linear_dequantize(codes, scale, zero)
                    cells[bits] = float((values - recovered).square().mean())


@mutant(
    "exchanges A and B",
    sentence="Your errors of A and B are exchanged.",
    caught_by=MSE,
)
def vectors_exchanged():
    def falsify(record):
        record["mse"]["A"], record["mse"]["B"] = record["mse"]["B"], record["mse"]["A"]


@mutant(
    "exchanges the rows W8A2 and W2A8",
    sentence=(
        "Your rows W8A2 and W2A8 have changed places: W stands for the bits of the weights, A"
        " for those of the activations."
    ),
    caught_by=PTQ,
)
def weights_and_activations_exchanged():
    def falsify(record):
        ptq = record["table1"]["ptq"]
        ptq["W8A2"], ptq["W2A8"] = ptq["W2A8"], ptq["W8A2"]


@mutant(
    "gives a bit width to a layer that does not exist",
    sentence=(
        "You give a bit width to a layer that the network does not have. Use the names of its"
        " 20 layers."
    ),
    caught_by=BIT_WIDTHS,
)
def width_for_no_layer():
    def falsify(record):
        record["bit_widths"]["conv1x"] = 8


@mutant(
    "gives the widths to the layers in reverse order",
    sentence=(
        "Your widths are valid, but the network is not above the floor with them. Measure the"
        " network at the very widths that you report, layer by layer."
    ),
    caught_by=["3.bit_widths.accuracy"],
    named=False,
)
def widths_reversed():
    def falsify(record):
        widths = record["bit_widths"]
        record["bit_widths"] = dict(zip(widths, reversed(list(widths.values())), strict=True))


@mutant(
    "gives the classifier 0 bits",
    sentence=(
        "fc has 0 bits, which leaves no weights. Only a convolution inside a residual branch "
        "can be removed; all other widths are whole numbers from 1 to 8."
    ),
    caught_by=BIT_WIDTHS,
)
def zero_bits():
    def falsify(record):
        record["bit_widths"]["fc"] = 0
