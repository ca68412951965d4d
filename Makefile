# `make study` and `make test` are all a fresh machine needs (Python 3.11 or newer and make).
PYTHON ?= python3
CORES ?= all
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
# Wheels over source distributions: Pythia alone would compile for ten minutes.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
BINARY := --prefer-binary --only-binary pythia8mc,torch,fastjet,numba,pyarrow

export PATH := $(CURDIR)/$(BIN):$(PATH)
# Every job is one thread wide; the study runs jobs side by side.
export OMP_NUM_THREADS := 1

.PHONY: study smoke test bench lint format docs setup lock clean

study: setup  ## The default study, then its report
	snakemake --cores $(CORES)
	snakemake --cores 1 --report results/default/report.html --quiet all
	@printf '%s\n' '' 'Report    results/default/report.html' 'Verdicts  results/default/claims.md' \
		'Figures   results/default/plots/' 'Tables    results/default/tables/'

smoke: setup  ## The whole study in miniature
	snakemake --cores $(CORES) --configfile config/smoke.yaml

test: setup  ## Every test, the smoke study end to end included
	python -m pytest

bench: setup  ## Speed of generator, attacks and training, beside what bounds them and beside others
	python -m tests.benchmarks.generate
	env -u OMP_NUM_THREADS $(BIN)/python -m tests.benchmarks.attacks
	env -u OMP_NUM_THREADS $(BIN)/python -m tests.benchmarks.training
	python -m tests.benchmarks.models
	python -m tests.benchmarks.surface

lint: setup  ## Style of Python, Snakemake and words
	ruff check . && ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint
	codespell

format: setup  ## Mend the style
	ruff check --fix . && ruff format .
	snakefmt Snakefile workflow

docs: setup  ## Write config/README.md from the schema
	python -m robustag.workflow.reference workflow/schemas/config.schema.yaml > config/README.md

setup: $(INSTALLED)  ## The environment, if it is not there or no longer fits

$(INSTALLED): envs/requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "robustag needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install $(BINARY) -r envs/requirements.lock
	$(PIP) install --no-deps --editable .
	touch $@

lock:  ## Newest versions that pyproject.toml allows, written into the lock file
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install $(BINARY) --editable '.[test]'
	{ grep '^#' envs/requirements.lock; $(PIP) freeze --exclude-editable | sed 's/+.*//'; } > $(VENV)/lock
	mv $(VENV)/lock envs/requirements.lock
	touch $(INSTALLED)

clean:  ## Remove the environment; results stay
	rm -rf $(VENV)
