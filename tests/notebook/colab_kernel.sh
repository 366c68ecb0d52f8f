#!/usr/bin/env bash
# Runs the notebook in a kernel like Colab's of August 2026: Python 3.13, IPython 7.34.0, ipykernel
# 6.17.1, ipywidgets 7.7.1; first the edits of solution.py. Sets the kernel up in runs/colab_kernel
# the first time. RECORD_VERSIONS=1 records the versions if everything passes.
# COLAB_PYTHON names the Python; if it belongs to a virtual environment, the kernel uses the packages
# installed there, so that PyTorch is not fetched again. An argument is an expression for pytest -k.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${COLAB_PYTHON:-python3.13}
kernel=$PWD/runs/colab_kernel
if [ ! -e "$kernel/.complete" ]; then
    "$python" -m venv "$kernel"
    purelib='import sysconfig; print(sysconfig.get_path("purelib"))'
    "$python" -c "$purelib" >"$("$kernel/bin/python" -c "$purelib")/colab_python.pth"
    "$kernel/bin/python" -m pip install --quiet --disable-pip-version-check \
        ipython==7.34.0 ipykernel==6.17.1 ipywidgets==7.7.1 setuptools \
        "torch>=2.10" torchvision numpy matplotlib tqdm scipy pyarrow pillow pytest
    mkdir -p "$kernel/share/jupyter/kernels/colab-like"
    cat >"$kernel/share/jupyter/kernels/colab-like/kernel.json" <<JSON
{
 "argv": ["$kernel/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
 "display_name": "Python 3, like Colab's",
 "language": "python"
}
JSON
    touch "$kernel/.complete"
fi
export JUPYTER_PATH=$kernel/share/jupyter NOTEBOOK_KERNEL=colab-like
.venv/bin/python -m pytest -m "long or not long" tests/notebook/test_edits.py \
    tests/notebook/test_runs.py -k "${*:-uses_an_edit or (colab and solved)}"
if [ -n "${RECORD_VERSIONS:-}" ] && [ -z "$*" ]; then
    "$kernel/bin/python" -c 'import json
from quantlab.notebook.tested_versions import installed_versions
print(json.dumps(installed_versions()))' |
        .venv/bin/python -m authoring.release.record_versions \
            "a kernel like Colab's" "all cells, solved, in FAST mode on Shapes-10"
fi
