# make demo, make test and make check set up .venv by themselves; nothing else has to be installed first but Python 3.11+.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check format train bench docs clean

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(STAMP)  ## route a few messages and run the default eval set: offline, no key
	@$(BIN)/python scripts/demo.py

test: $(STAMP)  ## set up and run the tests
	$(BIN)/python -m pytest

check: $(STAMP)  ## everything that CI does
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/omniforge prompts check
	$(BIN)/omniforge evalset check intent
	$(MAKE) test

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

train: $(STAMP)  ## fit the weights that ship with the package from data/intent
	$(BIN)/python scripts/train_intent.py
	$(BIN)/python scripts/train_followup.py

bench: $(STAMP)
	$(BIN)/python -m benchmarks

docs: $(STAMP)  ## write docs/cli.md anew from --help
	$(BIN)/python scripts/cli_docs.py

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
