PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: help demo test setup clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 8

demo: setup  ## mark the example submissions and show where their reports are
	@$(RUN) -m authoring demo

test: setup  ## format, lint, types, tests
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(RUN) -m pytest -n 2 --dist loadfile

setup: $(VENV)/.complete  ## an environment in .venv with everything that is needed

$(VENV)/.complete: pyproject.toml
	@echo "Setting up $(VENV); the first time this fetches torch and takes some minutes."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; name one with make PYTHON=...")'
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -e ".[dev,notebook,cluster,audit,deploy]"
	@touch $@

clean:  ## remove what can be made again, but not .venv and runs/
	rm -rf demo .pytest_cache .ruff_cache .mypy_cache .hypothesis
