#!/usr/bin/env bash
# Runs once, as root, when Gradescope builds the image: Python, a CPU build of torch, the data.
# If AUTOGRADER_PYTHON names a Python with all packages, nothing is installed.
set -euo pipefail
cd "$(dirname "$0")"

# Colab runs Python 3.13: an older Python cannot read everything that students write there.
python_of_the_kit() {
    for name in python3.14 python3.13 /opt/python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null &&
            "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

install_python_313() { # with uv, where the system has no such package
    apt-get install -y -qq --no-install-recommends python3.13 python3.13-venv 2>/dev/null && return
    apt-get install -y -qq --no-install-recommends python3 python3-venv &&
        python3 -m venv /opt/uv &&
        /opt/uv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check uv &&
        UV_PYTHON_INSTALL_DIR=/opt/pythons /opt/uv/bin/uv python install --quiet 3.13 &&
        ln -sf "$(UV_PYTHON_INSTALL_DIR=/opt/pythons /opt/uv/bin/uv python find 3.13)" /opt/python3.13
}

install_everything() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends bubblewrap ca-certificates || true # for tier A
    if ! command -v python3.13 >/dev/null && ! install_python_313; then
        echo "Python 3.13 could not be installed: newer syntax of a student needs review." >&2
    fi
    if ! python_of_the_kit >/dev/null; then
        apt-get install -y -qq --no-install-recommends python3.12 python3.12-venv ||
            apt-get install -y -qq --no-install-recommends python3.11 python3.11-venv
    fi

    # The sandbox's user can read /opt.
    "$(python_of_the_kit)" -m venv /opt/quantization
    /opt/quantization/bin/pip install --quiet --no-cache-dir --disable-pip-version-check \
        --index-url https://download.pytorch.org/whl/cpu torch torchvision
    /opt/quantization/bin/pip install --quiet --no-cache-dir --disable-pip-version-check \
        -r requirements.txt
}

if [ -z "${AUTOGRADER_PYTHON:-}" ]; then
    install_everything
fi

# Prepare data once, in the image, instead of in every run.
"${AUTOGRADER_PYTHON:-/opt/quantization/bin/python}" -m autograder.platforms.gradescope_harness --prepare
