PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test setup lint clean

demo: setup  ## mark the example submissions and show where their reports are
	$(RUN) -m instructor.demo

test: setup  ## format, lint, types, tests
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(RUN) -m pytest

setup: $(VENV)/.complete

$(VENV)/.complete: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $@

clean:
	rm -rf demo runs .pytest_cache .ruff_cache .mypy_cache .hypothesis
