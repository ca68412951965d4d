# `make study` and `make test` are all a fresh machine needs (Python 3.11 or newer and make).
PYTHON ?= python3
CORES ?= all
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
# Wheels over source distributions: Pythia alone would compile for ten minutes.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
BINARY := --prefer-binary --only-binary pythia8mc,torch,fastjet,numba,pyarrow
# By module: the first line of a command that pip installs is no match for every folder's name.
SNAKEMAKE := python -m snakemake
# Two tests at a time, whatever the machine: the studies among them take two cores themselves. In the order that
# tests/conftest.py gives them: the finished study is made at once, and who needs it comes last.
PYTEST := python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder

export PATH := $(CURDIR)/$(BIN):$(PATH)
# Every job is one thread wide; the study runs jobs side by side.
export OMP_NUM_THREADS := 1

.PHONY: study smoke archive test test-fast bench audit lint format docs site setup lock clean

study: setup  ## The default study, then its report
	$(SNAKEMAKE) --cores $(CORES)
	$(SNAKEMAKE) --cores 1 --report results/default/report.html --quiet all
	@printf '%s\n' '' 'Report    results/default/report.html' 'Verdicts  results/default/claims.md' \
		'Figures   results/default/plots/' 'Tables    results/default/tables/'

smoke: setup  ## The whole study in miniature
	$(SNAKEMAKE) --cores $(CORES) --configfile config/smoke.yaml

archive: setup  ## Figures, verdicts, records and tables of the default study in results/default.tar.gz
	$(SNAKEMAKE) --cores $(CORES) archive

test: setup  ## Every test, the smoke study end to end included
	$(PYTEST)

test-fast: setup  ## Tests of the library, in a few minutes: no Snakemake, no study, nothing long
	$(PYTEST) -m "not slow and not process and not e2e" tests/unit tests/workflow

bench: setup  ## Speed of generator, readers, attacks and training, beside what bounds them and beside others
	python -m tests.benchmarks.generate
	env -u OMP_NUM_THREADS $(BIN)/python -m tests.benchmarks.attacks
	env -u OMP_NUM_THREADS $(BIN)/python -m tests.benchmarks.training
	python -m tests.benchmarks.models
	python -m tests.benchmarks.surface
	python -m tests.benchmarks.readers

audit: setup  ## Known weaknesses of the pinned packages; asks the Python package index
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/python -m pip --quiet install --prefer-binary pip-audit
	for lock in envs/*.lock; do $(VENV)/audit/bin/pip-audit --strict --disable-pip --no-deps -r $$lock || exit; done

lint: setup  ## Style of Python, Snakemake and words; types of Python
	ruff check . && ruff format --check .
	python -m mypy
	python -m snakefmt --check Snakefile workflow
	$(SNAKEMAKE) --lint
	python -m codespell_lib

format: setup  ## Mend the style
	ruff check --fix . && ruff format .
	python -m snakefmt Snakefile workflow

docs: setup  ## Write every page, and part of a page, that comes from code
	python -m docs.tools.written

site: setup  ## The documentation as a site in site/, for any browser, with or without a network
	NO_MKDOCS_2_WARNING=1 python -m mkdocs build --quiet
	@echo 'Documentation    site/index.html'

setup: $(INSTALLED)  ## The environment, if it is not there or no longer fits

$(INSTALLED): envs/requirements.lock envs/torch.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "robustag needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install $(BINARY) --no-deps --require-hashes -r envs/requirements.lock
	$(PIP) install $(BINARY) -r envs/torch.lock
	$(PIP) install --no-deps --editable .
	touch $@

lock:  ## Newest versions that pyproject.toml allows, written into the lock file with their hashes
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install $(BINARY) --editable '.[test,docs]'
	{ grep '^#' envs/torch.lock; $(PIP) freeze | sed -n 's/^\(torch==[^+]*\).*/\1/p'; } > $(VENV)/torch.lock
	mv $(VENV)/torch.lock envs/torch.lock
	$(PIP) freeze --exclude-editable | grep -v '^torch==' | $(BIN)/python envs/write_lock.py envs/requirements.lock
	touch $(INSTALLED)

clean:  ## Remove the environment; results stay
	rm -rf $(VENV)
