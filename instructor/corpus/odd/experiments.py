"""What right code does besides computing: files, folders, compilers, settings of torch."""

RESET = {"checks": ["1a.reset.sym"]}
SEARCH = {"checks": ["3.search.valid"]}
HEAD = """
def variable_precision_search(layer_sizes, evaluate, candidate_bits, accuracy_floor=85.0):
    best = max(candidate_bits)
    log = []
    for bits in sorted(candidate_bits):
        log.append((bits, evaluate(dict.fromkeys(layer_sizes, bits))))
        if log[-1][1] > accuracy_floor:
            best = bits
            break
"""


def insert(folder, lines):
    """Insert lines below the first import."""
    solution = folder / "solution.py"
    solution.write_text(
        solution.read_text().replace("import torch\n", f"import torch\n{lines}\n", 1)
    )


def search(folder, lines, width="best"):
    """Append a search that runs these lines before it returns."""
    body = "".join(f"    {line}\n" for line in lines.split("\n"))
    solution = folder / "solution.py"
    end = f"    return {{name: {width} for name in layer_sizes}}\n"
    solution.write_text(f"{solution.read_text()}\n{HEAD}{body}{end}")


@final("changes to a folder of its own computer", **RESET)
def changes_folder():
    def build(folder):
        insert(folder, 'import os\nos.chdir("/content/drive/MyDrive/lab2")')


@final("draws a plot when it is imported", **RESET)
def saves_a_plot():
    def build(folder):
        insert(
            folder,
            "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
            "plt.plot([1, 2]); plt.savefig('hist.png')",
        )


@final("logs to a file", **RESET)
def logs_to_a_file():
    def build(folder):
        insert(folder, "import logging\nlogging.basicConfig(filename='lab.log', level=10)")


@final("a search that writes a log as JSON", **SEARCH)
def json_log():
    def build(folder):
        lines = 'import json\nwith open("search_log.json", "w") as f: json.dump(log, f)'
        search(folder, lines)


@final("a search that keeps its results in files and reads them again", **SEARCH)
def cache():
    def build(folder):
        lines = (
            "import os, pathlib, numpy, torch\n"
            "os.makedirs('results/runs', exist_ok=True)\n"
            "numpy.save('results/best.npy', numpy.array(best))\n"
            "torch.save(log, 'results/runs/log.pt')\n"
            "pathlib.Path('results/done.txt').write_text('yes')\n"
            "os.rename('results/done.txt', 'results/ready.txt')\n"
            "assert os.path.exists('results/ready.txt')\n"
            "assert torch.load('results/runs/log.pt') == log\n"
            "best = int(numpy.load('results/best.npy'))"
        )
        search(folder, lines)


@final("a search that returns floats", **SEARCH)
def float_widths():
    def build(folder):
        search(folder, "pass", "float(best)")


@final("a search that returns numpy's integers", **SEARCH)
def numpy_widths():
    def build(folder):
        search(folder, "import numpy", "numpy.int64(best)")


@final("a compiled function", checks=["1a.linear_dequantize.values"])
def compiled_function():
    def build(folder):
        solution = folder / "solution.py"
        text = solution.read_text().replace(
            "def linear_dequantize(", "@torch.compile(dynamic=True)\ndef linear_dequantize(", 1
        )
        solution.write_text(text)


@noted(
    "turns gradients off",
    says="calls torch.set_grad_enabled while it is imported",
    checks=["2a.STE.gradient"],
)
def gradients_off():
    def build(folder):
        insert(folder, "torch.set_grad_enabled(False)")


@noted(
    "computes in float64",
    says="torch.set_default_dtype",
    checks=["1a.reset.sym", "2a.STE.gradient"],
)
def float64():
    def build(folder):
        insert(folder, "torch.set_default_dtype(torch.float64)")


@noted("takes eight threads", says="torch.set_num_threads", **RESET)
def many_threads():
    def build(folder):
        insert(folder, "torch.set_num_threads(8)")


@noted("computes on a GPU by default", says="torch.set_default_device", **RESET)
def default_device():
    def build(folder):
        insert(folder, "torch.set_default_device('cuda')")


@noted("asks for deterministic algorithms", says="torch.use_deterministic", **RESET)
def deterministic():
    def build(folder):
        insert(folder, "torch.use_deterministic_algorithms(True)")
