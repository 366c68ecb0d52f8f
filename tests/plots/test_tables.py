"""Tables read the same as HTML and as text, and show what is not filled in yet."""

from quantlab.formats.answers import Answers
from quantlab.notebook.tables import EMPTY, Table, accuracy_table, bit_width_table, mse_table


def test_table_is_html_in_a_notebook_and_text_elsewhere() -> None:
    table = Table("<Sizes>", ["layer", "bits"], [["conv1", "8"], ["a & b", "2"]])
    markup = table._repr_html_()
    assert "&lt;Sizes&gt;" in markup
    assert "a &amp; b" in markup
    assert repr(table).splitlines() == ["<Sizes>", "layer  bits", "conv1     8", "a & b     2"]


def test_table_leaves_colors_to_the_page() -> None:
    markup = Table("t", ["a"], [["b"]])._repr_html_()
    assert "white" not in markup
    assert "#" not in markup


def test_tables_show_filled_and_empty_cells() -> None:
    answers = Answers("ada", "CIFAR-10")
    answers.mse["B"]["SAWB"][2] = 0.12345  # type: ignore[index]
    answers.table1["ptq"]["W4A4"]["sym"] = 82.611  # type: ignore[index]
    errors, accuracies = repr(mse_table(answers)), repr(accuracy_table(answers))
    assert "0.1235" in errors
    assert errors.count(EMPTY) == 17
    assert "82.61" in accuracies
    assert accuracies.count(EMPTY) == 19
    assert "CIFAR-10" in accuracies


def test_bit_width_table_shows_widths_beside_sizes() -> None:
    text = repr(bit_width_table({"conv1": 4}, {"conv1": 1432}))
    assert "conv1" in text
    assert "1,432" in text
