# One line a task; `make` alone lists them. `make demo` and `make test` are all that a newcomer needs.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
KEY := $(shell cat pyproject.toml constraints.txt | sha256sum | cut -c1-16)
STAMP := .venv/.setup-$(KEY)

.PHONY: help
help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s  %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: $(STAMP) ## Install everything into .venv; nothing to do when nothing changed

$(STAMP):
	.ci/system $(PYTHON)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	rm -f .venv/.setup-*
	touch $@

.PHONY: lint
lint: setup ## Check style and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

.PHONY: types
types: setup ## Check types
	$(BIN)/mypy

# Two workers with one thread each are faster than one with two, and never fight for cores.
.PHONY: test
test: setup ## Run the tests; warnings are errors
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS)

.PHONY: wheel
wheel: setup ## Build the wheel and try it in a fresh environment outside the tree
	rm -rf build dist
	$(BIN)/python -m build --wheel
	.ci/try-wheel $(BIN)/python dist/*.whl

.PHONY: demo
demo: setup ## Search, compile, train and predict on made-up images, in a few minutes
	rm -rf demo
	$(BIN)/uxnet demo --out demo

.PHONY: docs
docs: setup ## Write the generated pages and drawings of docs/ again, build docs/_build/html
	$(BIN)/python docs/generate.py
	$(BIN)/sphinx-build -q -E -n -W --keep-going -d docs/_build/doctrees docs docs/_build/html

.PHONY: bench-compiler
bench-compiler: setup ## Compare compiled networks with those of nnU-Net and MONAI
	$(BIN)/python benchmarks/compiler.py

.PHONY: bench-search
bench-search: setup ## Time a step of the supernet; search, train and compare, for hours, resumable
	$(BIN)/python benchmarks/search_step.py
	$(BIN)/python benchmarks/gates.py short --work bench
	for set in hippocampus lesions vessels; do \
	  $(BIN)/python benchmarks/search.py $$set --work bench && \
	  $(BIN)/python benchmarks/gates.py $$set --work bench || exit 1; \
	done

.PHONY: bench-pictures
bench-pictures: setup ## Time drawings, a report in the browser, and a gallery
	$(BIN)/python benchmarks/pictures.py
