# %% role="drop"
"""Cells of main.ipynb: title, student id, setup, and what quantization is.

The attributes of a cell are explained in authoring/build/notebook.py.
"""

# %% [markdown] cell="title"
# # Quantization of neural networks
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({{badge}})
#
# {{motivation}}
#
# *{{motivation caption}}*
#
# **Goal.** Take a trained ResNet-20 from 32 bits down to 8, 4 and 2, and keep what it recognizes.
#
# **Steps.**
#
# | | you build | points |
# |:--|:--|--:|
# | 1 | the grid of numbers, and a scale in the valley of its error | {{points 1}} |
# | 2a | a gradient that passes the rounding | {{points 2a}} |
# | 2b | layers that compute with integers alone | {{points 2b}} |
# | 2c | a network that is rounded after training | {{points 2c}} |
# | 2d | a network that is trained for its grid | {{points 2d}} |
# | 3 | a search for the bits of each layer | {{points 3}} |
#
# **How to work.** Write your code in `solution.py`, beside this notebook. In Colab, open it from
# the *Files* pane on the left. Save it, then run again the cell that was waiting: no restart is
# needed. A cell that needs a function says so, so you may run the whole notebook at any time. After
# each function, `check("1a")` tries it on stored inputs.
#
# **What you submit.** The last cell writes `submission.zip`. It contains `solution.py`, this
# notebook, `answers.json` with the tables, and the models of question 2d. The notebook with your
# written answers is your report, unless you add `report.pdf` or `report.md`.

# %% role="parameters" cell="parameters"
# @title Who you are, and how long this may take { display-mode: "form" }
STUDENT = ""  # @param {type:"string"}
FAST = False  # @param {type:"boolean"}
DATASET = ""  # @param ["", "cifar10", "shapes10"]
KEEP_ON_DRIVE = True  # @param {type:"boolean"}

# %% role="form" cell="setup"
# @title Setup: run this first, and again after a disconnect { display-mode: "form" }
import hashlib
import importlib.util
import io
import os
import shutil
import sys
import urllib.request
import zipfile
from pathlib import Path

BUNDLE = "{{bundle}}"
BUNDLE_SHA256 = "{{bundle_sha256}}"

if "COLAB_RELEASE_TAG" in os.environ:
    content = Path(os.environ.get("QUANTLAB_CONTENT", "/content"))
    kit, work = content / "quantization-kit", content / "quantization"
    if not kit.is_dir():
        if not BUNDLE:
            raise RuntimeError(
                "This copy of the notebook does not know where its files are: open it by the "
                "Colab link of your course."
            )
        with urllib.request.urlopen(BUNDLE, timeout=60) as answer:
            bundle = answer.read()
        if hashlib.sha256(bundle).hexdigest() != BUNDLE_SHA256:
            raise RuntimeError(
                f"{BUNDLE} is not the file that was released with this notebook: run this cell "
                "again, and tell your course if that does not help."
            )
        unpacked = content / "quantization-kit.unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        zipfile.ZipFile(io.BytesIO(bundle)).extractall(unpacked)
        next(unpacked.rglob("quantlab")).parent.rename(kit)
    if KEEP_ON_DRIVE:
        try:
            from google.colab import drive

            drive.mount(str(content / "drive"))
            work = content / "drive" / "MyDrive" / "quantization"
        except Exception as problem:  # refused, blocked, or too slow: the notebook works without
            print(f"Google Drive is not used ({problem or type(problem).__name__}).")
    if "drive" not in work.parts:
        print(f"Your files are in {work}, which is lost with this runtime: download them in time.")
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "solution.py").exists():
        shutil.copy(kit / "solution.py", work)
    os.chdir(work)
    sys.path[:0] = [folder for folder in (str(work), str(kit)) if folder not in sys.path]
elif os.getcwd() not in sys.path:
    sys.path.insert(0, os.getcwd())
if importlib.util.find_spec("torch") is None:
    raise RuntimeError("PyTorch is not installed here: the README says how to install it.")

import torch
from IPython.display import display
from torch.nn import functional as F

from quantlab.arithmetic.float32 import full_float32
from quantlab.check import check, hint
from quantlab.data.student_vectors import student_vectors
from quantlab.errors import KitError
from quantlab.evaluation.mixed_precision import evaluate_bit_widths
from quantlab.formats import packed_model
from quantlab.formats.answers import MSE_BITS, MSE_METHODS
from quantlab.formats.saved_model import save
from quantlab.network.fast_integers import fast_integers_if_exact
from quantlab.network.quantization import quantize_model
from quantlab.network.resnet import layer_sizes
from quantlab.network.synthetic_images import gaussian_images, matched_images
from quantlab.notebook import (
    experiments,
    network_plots,
    plots,
    tables,
    time_estimates,
    vector_figures,
    widgets,
)
from quantlab.notebook.estimator import pass_estimator
from quantlab.notebook.grids import code_grid
from quantlab.notebook.guesses import better_on_b, compare_guess
from quantlab.notebook.needs import needs
from quantlab.notebook.published_frontier import draw_frontier
from quantlab.notebook.reloading import follow_solution
from quantlab.notebook.session import begin, waiting
from quantlab.notebook.submission_zip import rehearse_submission, write_submission
from quantlab.notebook.training_curves import TrainingCurves
from quantlab.notebook.vector_figures import recover, squared_error
from quantlab.paths import CELLS, cell_bits, model_file
from quantlab.progress_bar import progress_bar
from quantlab.training import fine_tuning
from quantlab.training.step_check import checked_step

solution = follow_solution()  # your functions, as they are saved when a cell starts
session = begin(STUDENT, DATASET, FAST)

# %% [markdown] cell="times"
# **How long it takes.** A long cell measures this machine first and prints its estimate, such as
# "10 trainings: about 15 min on this machine". `FAST` is a rehearsal on fewer images: use it to see
# everything once, then set it back for the results that you submit. The long part is question 2d.
# You may stop it at any time; run its cell again, and it continues at the step where it stopped.
#
# Each training times a step in float32, bfloat16 and, on a GPU, float16, uses the fastest and says
# which. `QUANTLAB_PRECISION` in the environment overrides the choice.
