#!/usr/bin/env bash
# Tries the student bundle as a student would, on each of several Pythons: a virtual environment from
# the bundle's own requirements.txt, every import, the public checks on the stub and on the reference,
# and main.ipynb in FAST mode on drawn images.
#   tests/release/bundle_on_pythons.sh [--solved] PYTHON...
# The notebook runs with the stub (seconds); with --solved it runs with the reference (minutes).
# The environments stay in runs/bundle. RECORD_VERSIONS=1 records the versions of solved runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
kit=$PWD
solved=false
if [ "${1:-}" = --solved ]; then
    solved=true
    shift
fi
make_environment() { # python, folder, requirements.txt
    if [ ! -e "$2/.complete" ] || ! cmp -s "$2/.complete" "$3"; then
        rm -rf "$2"
        "$1" -m venv "$2"
        "$2/bin/python" -m pip install -q -q --disable-pip-version-check -r "$3"
        cp "$3" "$2/.complete"
    fi
}
expect_status() { # status, command
    local status=0
    "${@:2}" >"$place/output" 2>&1 || status=$?
    if [ "$status" != "$1" ]; then
        cat "$place/output"
        echo "Expected exit status $1, got $status: ${*:2}"
        exit 1
    fi
}
try_bundle() { # python
    local version environment
    version=$("$1" -c 'import platform; print(platform.python_version())')
    environment=$kit/runs/bundle/$version
    place=$(mktemp -d)
    "$kit/.venv/bin/python" - "$place/assignment" <<'PYTHON'
import pathlib, sys
from authoring.release.student import colab_files, student_bundle
student_bundle(colab_files(), "").write_folder(pathlib.Path(sys.argv[1]))
PYTHON
    cd "$place/assignment"
    mkdir -p "$kit/runs/bundle"
    make_environment "$1" "$environment" requirements.txt
    local python=$environment/bin/python
    export HOME=$place FAST=1 DATASET=shapes10 STUDENT=reference PYTHONDONTWRITEBYTECODE=1
    expect_status 0 "$python" - <<'PYTHON'
import importlib, pathlib
for path in sorted(pathlib.Path("quantlab").rglob("*.py")):
    importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
PYTHON
    expect_status 1 "$python" -m quantlab.check
    expect_status 0 "$python" -m quantlab.check --solution "$kit/instructor/solution.py"
    if $solved; then cp "$kit/instructor/solution.py" .; fi
    expect_status 0 "$python" -m nbconvert --to notebook --execute main.ipynb \
        --output executed.ipynb
    expect_status 0 "$python" - $solved <<'PYTHON'
import pathlib, sys
waits = "Waiting for question" in pathlib.Path("executed.ipynb").read_text(encoding="utf-8")
assert waits == (sys.argv[1] == "false"), "the notebook waits" if waits else "it does not wait"
assert pathlib.Path("submission.zip").is_file(), "there is no submission.zip"
PYTHON
    local versions
    versions=$("$python" -c 'import json
from quantlab.notebook.tested_versions import installed_versions
print(json.dumps(installed_versions()))')
    cd "$kit"
    rm -rf "$place"
    echo "passed: Python $version, solved: $solved, $SECONDS s, $versions"
    if $solved && [ -n "${RECORD_VERSIONS:-}" ]; then
        echo "$versions" | .venv/bin/python -m authoring.release.record_versions \
            "Jupyter with Python ${version%.*}" "all cells, solved, in FAST mode on Shapes-10"
    fi
}
for python in "$@"; do
    (try_bundle "$python")
done
