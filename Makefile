# The commands of a developer. `make demo` and `make test` install what they need into .venv.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# torch first and by its exact version: that picks the CPU build where one is at hand, and the
# rest then finds it installed. A tiny model is fastest with one thread.
export HF_HUB_OFFLINE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
TORCH := $(shell grep '^torch==' constraints.txt)

# The SageMaker SDK pins an older rich, so it has an environment of its own.
SDK := .venv-sdk

.PHONY: demo test test-slow test-sdk lint bench clean

demo: $(STAMP)  ## compile, gate and run specs/quickstart.yaml: a bad policy becomes a good one
	$(BIN)/mrlc compile specs/quickstart.yaml
	$(BIN)/mrlc gate build/quickstart
	$(BIN)/mrlc run build/quickstart

test: $(STAMP) lint  ## lint, type check and the default tests
	$(BIN)/python -m pytest -n auto

test-slow: $(STAMP)  ## the tests that train for minutes
	$(BIN)/python -m pytest -m slow

test-sdk: $(STAMP) $(SDK)/.installed  ## what `--emit modeltrainer` writes, through the real SDK
	SAGEMAKER_PYTHON=$(SDK)/bin/python $(BIN)/python -m pytest -m sdk

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(STAMP)  ## ratios from one run
	$(BIN)/python tests/bench

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet $(TORCH)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[train,dev]'
	touch $@

$(SDK)/.installed: constraints-sdk.txt
	$(PYTHON) -m venv $(SDK)
	$(SDK)/bin/pip install --quiet --constraint constraints-sdk.txt sagemaker-train
	touch $@

clean:  ## the environments and the plans; runs stay
	rm -rf $(VENV) $(SDK) build
