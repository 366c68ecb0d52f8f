PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: help demo test setup clean

help:  ## print this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 8

demo: $(VENV)/.grading  ## grade the example submissions and print where their reports are
	@$(RUN) -m authoring demo

test: setup  ## format, lint, spelling, types, tests
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(VENV)/bin/codespell
	$(RUN) -m mypy
	$(RUN) -m pytest -n 2 --dist loadfile

setup: $(VENV)/.complete  ## create .venv and install all dependencies, also those of tests

$(VENV)/.grading: pyproject.toml
	@echo "Setting up $(VENV) with what grading needs. The first time this downloads torch and takes minutes."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Expected Python 3.11 or later: choose one with make PYTHON=...")'
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.complete: $(VENV)/.grading
	@echo "Adding Jupyter, nbgrader, the desk and what the tests need."
	@$(RUN) -m pip install --quiet --disable-pip-version-check -e ".[dev,notebook,cluster,audit,desk,canvas,deploy]"
	@touch $@

clean:  ## remove what can be built again, except .venv and runs/
	rm -rf demo .pytest_cache .ruff_cache .mypy_cache .hypothesis
