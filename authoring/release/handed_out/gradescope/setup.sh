#!/usr/bin/env bash
# Runs once, as root, when Gradescope builds the image: Python, a CPU build of torch, the data.
# If AUTOGRADER_PYTHON names a Python with all packages, nothing is installed.
set -euo pipefail
cd "$(dirname "$0")"

python_of_the_kit() {
    for name in python3.13 python3.12 python3.11 python3; do
        if command -v "$name" >/dev/null &&
            "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

install_everything() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends bubblewrap ca-certificates || true # for tier A
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
