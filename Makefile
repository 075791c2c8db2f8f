# Two commands on a fresh machine: `make run` and `make test`. Each installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
# One thread per process makes results reproducible and leaves two cores to two test workers.
# Bytecode is cached because tests start many processes.
TEST_ENV := OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false PYTHONDONTWRITEBYTECODE=

.PHONY: run setup test test-full bench bench-trace bench-leave-out demo real shots lint browser clean

run: setup
	@$(BIN)/python -m itlim.ui.shared.warm_up $(PORT) &
	$(BIN)/streamlit run app.py --server.address 127.0.0.1 --server.port $(PORT)

setup: $(VENV)/.installed

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "itlim needs Python 3.11 or later; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@

browser: $(VENV)/.installed-dev
	@sh .ci/browser

# Node and npm come with requirements-dev.txt. Node trusts the certificates of the system, as pip
# does, so that an index behind a proxy works.
tests/js/node_modules/.installed: $(VENV)/.installed-dev tests/js/package-lock.json
	PATH="$(CURDIR)/$(BIN):$$PATH" NODE_USE_SYSTEM_CA=1 npm ci --prefix tests/js --no-audit --no-fund --silent
	touch $@

lint: $(VENV)/.installed-dev tests/js/node_modules/.installed
	PATH="$(CURDIR)/$(BIN):$$PATH" tests/js/node_modules/.bin/eslint \
	  --config tests/js/eslint.config.mjs itlim/components tests/js/*.mjs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint browser
	$(TEST_ENV) $(BIN)/python -m pytest -m "not full and not bench" -n 2 --dist loadfile --no-loadscope-reorder

test-full: browser tests/js/node_modules/.installed
	$(TEST_ENV) $(BIN)/python -m pytest -m "full" -n 2 --dist loadfile --no-loadscope-reorder

bench: $(VENV)/.installed-dev
	$(TEST_ENV) $(BIN)/python -m tests.benchmarks

bench-trace: $(VENV)/.installed-dev
	$(TEST_ENV) $(BIN)/python -m tests.benchmarks.bench_trace

bench-leave-out: $(VENV)/.installed-dev
	$(TEST_ENV) $(BIN)/python -m tests.benchmarks.bench_leave_out

shots: browser
	PYTHONPATH=. $(BIN)/python tests/browser/take_screenshots.py

demo: setup
	$(BIN)/python -m itlim demo build

real: setup
	$(BIN)/python -m itlim real build

clean:
	rm -rf $(VENV) tests/js/node_modules .mypy_cache .ruff_cache .hypothesis
