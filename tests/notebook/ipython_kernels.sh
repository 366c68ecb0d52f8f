#!/usr/bin/env bash
# Runs the edits of solution.py in kernels with IPython 7.34 (Colab's) and 8; `make test` runs them
# in the installed one. Sets the two kernels up in runs/ the first time: without PyTorch, which they
# take from .venv.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=$PWD/.venv/bin/python
setup() { # name, packages
    local kernel=$PWD/runs/$1
    if [ ! -e "$kernel/.complete" ]; then
        rm -rf "$kernel"
        "$python" -m pip install -qq --disable-pip-version-check --target "$kernel/lib" "${@:2}"
        mkdir -p "$kernel/share/jupyter/kernels/$1"
        cat >"$kernel/share/jupyter/kernels/$1/kernel.json" <<JSON
{
 "argv": ["$python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
 "display_name": "$1",
 "env": {"PYTHONPATH": "$kernel/lib"},
 "language": "python"
}
JSON
        touch "$kernel/.complete"
    fi
    echo "== $1"
    JUPYTER_PATH=$kernel/share/jupyter NOTEBOOK_KERNEL=$1 \
        "$python" -m pytest -p no:cacheprovider tests/notebook/test_edits.py
}
setup ipython7 ipython==7.34.0 ipykernel==6.17.1 setuptools
setup ipython8 'ipython>=8,<9' 'ipykernel>=6,<7'
