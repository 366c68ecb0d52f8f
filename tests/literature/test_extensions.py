"""extensions.ipynb is a fresh build of its master, and the builder notices what is wrong."""

import nbformat
import pytest

from baselines import build_lab_notebook
from baselines.build_lab_notebook import MASTER, NOTEBOOK, extensions_notebook


def test_extensions_notebook_is_a_fresh_build() -> None:
    assert build_lab_notebook.main(["--check"]) == 0, "run python -m baselines.build_lab_notebook"


def test_extensions_notebook_has_no_outputs_and_is_repeatable() -> None:
    text = extensions_notebook(MASTER.read_text("utf-8"))
    assert text == extensions_notebook(MASTER.read_text("utf-8"))
    cells = nbformat.reads(text, as_version=4).cells
    assert all(not cell.outputs for cell in cells if cell.cell_type == "code")


def test_build_lab_notebook_check_detects_an_outdated_notebook(
    monkeypatch, tmp_path, capsys
) -> None:
    changed = tmp_path / "extensions.ipynb"
    changed.write_text(NOTEBOOK.read_text("utf-8").replace("ZeroQ", "ZeroK", 1), "utf-8")
    monkeypatch.setattr(build_lab_notebook, "NOTEBOOK", changed)
    assert build_lab_notebook.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().err


def test_extensions_notebook_refuses_cells_without_an_own_id() -> None:
    for second in ("# %%\n2\n", '# %% cell="a"\n2\n'):
        with pytest.raises(ValueError, match="needs an id of its own"):
            extensions_notebook('# %% cell="a"\n1\n\n' + second)
