# make demo   a part of the default study, from nothing to tables and a page
# make test   all tests        make lint   style and types        make bench   speed, as ratios
# make test-slurm              the workflow on a real, throw-away Slurm (Debian, root)
# make fairseq                 fairseq again, if `make setup` could not build it
#
# Needs Python 3.11 or newer and bash. Nothing is installed outside .venv.
# CPU-only machines can save 5 GB: give pip the CPU build of torch (README, "Install").

PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)

.PHONY: help setup fairseq demo test test-slurm lint format bench lock clean

help:
	@sed -n '1,5s/^# //p' Makefile

setup: .venv/ready

.venv/ready: envs/requirements.lock envs/fairseq.txt pyproject.toml
	@command -v $(PYTHON) > /dev/null || { \
	  echo "error: there is no '$(PYTHON)' here"; \
	  echo "  do:      install Python 3.11 or newer, or say where it is: make PYTHON=/path/to/python"; \
	  exit 4; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $$($(PYTHON) --version) is too old"; \
	  echo "  allowed: Python 3.11 or newer"; \
	  echo "  do:      install one, or say where it is: make PYTHON=/path/to/python"; \
	  exit 4; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r envs/requirements.lock
	envs/install-fairseq.sh $(BIN)/python || [ $$? -eq 4 ]
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch .venv/ready

# Translation alone needs it, so `make setup` goes on without it, with a message.
fairseq: setup
	envs/install-fairseq.sh $(BIN)/python

demo: setup
	$(BIN)/snakemake --config study=demo

test: setup
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

test-slurm: setup
	tests/slurm/install.sh
	$(BIN)/pytest -m slurm tests/slurm

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/mypy
	$(BIN)/xling stages --check
	$(BIN)/xling study schema --check

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/rules

bench: setup
	$(BIN)/python tests/bench/run.py

# One lock for every platform: the CUDA libraries are left out because torch itself pins them.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --extra dev --no-annotate --no-header \
	  pyproject.toml | grep -vE '^(nvidia-|cuda-|triton)' > envs/requirements.lock

clean:
	rm -rf .venv .snakemake results/demo results/mini results/smoke
