"""A solution.py that fails when the grader imports it, and is right without some of its lines."""

import json

RESET = {"checks": ["1a.reset.sym"], "points": 2}
QUIET = {"checks": ["1a.reset.sym"]}


def insert(folder, lines):
    """Insert lines below the first import."""
    solution = folder / "solution.py"
    solution.write_text(
        solution.read_text().replace("import torch\n", f"import torch\n{lines}\n", 1)
    )


def append(folder, lines):
    solution = folder / "solution.py"
    solution.write_text(f"{solution.read_text()}\n\n{lines}\n")


@review("asks for a GPU", says="2 points without line", **RESET)
def asserts_a_gpu():
    def build(folder):
        insert(folder, 'assert torch.cuda.is_available(), "no GPU"')


@review("imports a module that only Colab has", says="imports google.colab", **RESET)
def imports_colab():
    def build(folder):
        insert(folder, "from google.colab import files")


@review("asks a question", says="raises EOFError", **RESET)
def asks_a_question():
    def build(folder):
        append(folder, 'name = input("student id: ")')


@review("tries a function on a GPU", says="`print(linear_quantize(x, 0.1, 0, 4))` raises", **RESET)
def tries_a_function_on_a_gpu():
    def build(folder):
        append(folder, "x = torch.randn(10).cuda()\nprint(linear_quantize(x, 0.1, 0, 4))")


@review("holds commands of a notebook", says="`%autoreload 2` is a command", **RESET)
def commands_of_a_notebook():
    def build(folder):
        insert(folder, "%load_ext autoreload\n%autoreload 2\n!pip install -q \\\n    scipy")


@review("is exported by nbconvert", says="get_ipython", **RESET)
def exported_by_nbconvert():
    def build(folder):
        insert(folder, "get_ipython().system('pip install -q scipy')")


@review("a command of a notebook in a function", says="`%timeit", **RESET)
def command_in_a_function():
    def build(folder):
        append(folder, "def measure():\n    %timeit linear_quantize(torch.ones(9), 1.0, 0, 4)")


@review("ends the program", says="ends the program", **RESET)
def ends_the_program():
    def build(folder):
        append(folder, "import sys; sys.exit(0)")


@review("reads a file of its own", says="uses a file", **RESET)
def reads_a_file():
    def build(folder):
        append(folder, 'settings = open("settings.json").read()')


@review("its own tests fail on the grader's machine", says="raises AssertionError", **RESET)
def tests_at_the_end():
    def build(folder):
        append(folder, "import os\nassert os.path.exists('/content'), 'run me in Colab'")


@review("is the notebook's file under its name", says="2 points as repaired", **RESET)
def notebook_as_python():
    def build(folder):
        solution = folder / "solution.py"
        source = solution.read_text().splitlines(keepends=True)
        cells = [{"cell_type": "code", "source": source, "outputs": [], "execution_count": None}]
        solution.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))


@review("uses syntax of Python 3.14", says="the grader runs Python", checks=["1a.reset.sym"])
def newer_syntax():
    def build(folder):
        append(folder, 'name = "x"\ngreeting = t"{name}"')


@final("only the main program fails", **QUIET)
def guarded_main():
    def build(folder):
        append(folder, 'if __name__ == "__main__":\n    print(torch.ones(3).cuda())')


@final("runs the public checks at its end", **QUIET)
def public_checks_at_the_end():
    def build(folder):
        append(folder, 'from quantlab.check import check\ncheck("1a")')
