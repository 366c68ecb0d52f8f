"""The bar is a widget where there are widgets, and text without a warning elsewhere."""

import subprocess
import sys
from pathlib import Path

KIT = Path(__file__).resolve().parents[2]
KERNEL = """
import sys
import ipykernel.zmqshell  # what tqdm takes for a notebook
"""
BAR = """
from quantlab.progress_bar import progress_bar
list(progress_bar(range(3), desc="networks"))
print("ended")
"""


def shown(code: str) -> tuple[str, str]:
    """Output and error stream of a Python that shows every warning."""
    command = [sys.executable, "-W", "always::Warning", "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=KIT)
    return run.stdout, run.stderr


def test_progress_bar_is_text_without_a_warning_where_ipywidgets_is_missing() -> None:
    output, errors = shown(KERNEL + "sys.modules['ipywidgets'] = None\n" + BAR)
    assert output == "ended\n"
    assert "Warning" not in errors
    assert "networks: 100%" in errors


def test_progress_bar_is_a_widget_in_a_notebook() -> None:
    output, errors = shown(KERNEL + BAR)
    assert "networks" in output
    assert "networks" not in errors
    assert "Warning" not in errors
    assert "ended" in output


def test_progress_bar_loads_tqdm_auto_when_it_is_used() -> None:
    output, _ = shown("import sys, quantlab.progress_bar\nprint('tqdm' in sys.modules)")
    assert output == "False\n"
