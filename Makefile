# Set-up and the main verbs. `make demo` and `make test` need nothing but Python 3.11 to 3.13 and make.
#
#   PYTHON=python3.12 make demo          another interpreter
#   TORCH_INDEX=URL make demo            a PyTorch build for your GPU (pytorch.org names the URL)

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin

.PHONY: demo test quick check lint format benchmarks clean

demo: $(VENV)/installed  ## the example project in the window; the whole loop in the shell where there is no display
	$(BIN)/semiview demo

test: $(VENV)/installed-dev  ## every test, the slow ones too
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest

quick: $(VENV)/installed-dev  ## the tests that take less than ten seconds each
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -m "not slow"

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

benchmarks: $(VENV)/installed-dev  ## speed and memory beside what one would use instead; takes minutes, wants a quiet machine
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m benchmarks.canvas
	$(BIN)/python -m benchmarks.contours
	$(BIN)/python -m benchmarks.measure_case
	$(BIN)/python -m benchmarks.feedback_append
	$(BIN)/python -m benchmarks.drift
	$(BIN)/python -m benchmarks.gate
	$(BIN)/python -m benchmarks.learning_speed
	$(BIN)/python -m benchmarks.starter
	$(BIN)/python -m benchmarks.forgetting
	$(BIN)/python -m benchmarks.store_faults
	$(BIN)/python -m benchmarks.fuzz_readers
	$(BIN)/python -m benchmarks.large_layout
	$(BIN)/python -m benchmarks.queue
	[ ! -d ../shared/data/openebl ] || $(BIN)/python -m benchmarks.alignment ../shared/data/openebl

clean:
	rm -rf $(VENV) build *.egg-info

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# PyTorch first and by itself: the registry's newest build would bring gigabytes of CUDA along.
$(VENV)/installed: pyproject.toml $(CONSTRAINTS) | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) -e .
	touch $@

$(VENV)/installed-dev: pyproject.toml $(CONSTRAINTS) $(VENV)/installed
	$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) -e ".[dev]"
	touch $@
