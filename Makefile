# make app     install what the app needs into .venv, start it, open the browser
#              MODEL=a name or a folder   PORT=8501   ARGS="--no-browser", any other option
#              TORCH=cpu  at the first install on Linux: PyTorch's own build without CUDA, gigabytes less to fetch
# make test    most of the tests; installs what they need, the browser too
#              ARGS="-k attention", any option of pytest   WORKERS=2, how many run at once
# make check   the quick part of them: no browser, no training; and the linter
# make rest    what make test leaves out: every question and step, other families, the wheel, the walks through a part
# make thorough  all of both, and the walks through all chapters, not through a part of them
# make hostile 10,000 hostile inputs against a live server (make rest 500 of them); COUNT=10000
# make bench   the measurements
# make clean   remove what these made: .venv, caches, what the tests wrote

PYTHON ?= python3
PORT   ?=
MODEL  ?=
ARGS   ?=
TORCH  ?=
WORKERS ?= 2
COUNT  ?= 10000

VENV   := .venv
PY     := $(VENV)/bin/python
APP    := $(VENV)/.app-installed
TESTED := $(VENV)/.tests-installed
PIP    := $(PY) -m pip install --quiet --disable-pip-version-check
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist worksteal --ignore=tests/benchmarks
CPU    := https://download.pytorch.org/whl/cpu
# Before the rest: the pinned torch, from the index of builds for the processor alone. Pip then keeps it.
TORCH_FIRST := $(if $(filter cpu,$(TORCH)),$(PIP) --index-url $(CPU) "$$(grep ^torch== requirements.txt)")

.DEFAULT_GOAL := app
.PHONY: app test rest thorough check lint hostile bench browser clean

app: $(APP)
	@$(PY) -m bert_explain $(if $(MODEL),--model "$(MODEL)") $(if $(PORT),--port "$(PORT)") $(ARGS)

test: $(TESTED) browser
	$(PYTEST) -m "not rest" $(ARGS)

rest: $(TESTED) browser
	$(PYTEST) -m rest $(ARGS)

thorough: export BERT_EXPLAIN_THOROUGH := 1
thorough: $(TESTED) browser
	$(PYTEST) $(ARGS)

check: $(TESTED) lint
	$(PYTEST) -m "not rest and not slow" --ignore=tests/browser --ignore=tests/training $(ARGS)

lint: $(TESTED)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check --quiet .
	$(PY) -m mypy

hostile: $(TESTED)
	$(PY) -m tests.hostile --count $(COUNT)

bench: $(TESTED) browser
	$(PY) -m pytest tests/benchmarks -s $(ARGS)

clean:
	rm -rf $(VENV) .pytest_cache .hypothesis .ruff_cache .mypy_cache tests/.artifacts build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "There is no $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=python3.12"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "bert_explain needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version 2>&1)." \
	       "Name a newer one: make PYTHON=python3.12"; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python could not make a virtual environment; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

# The stamps are remade when the requirements change; the interpreter's own date does not matter.
$(APP): requirements.txt | $(PY)
	@echo "Installing what the app needs (the first time this takes some minutes) ..."
	@$(TORCH_FIRST)
	@$(PIP) -r requirements.txt
	@touch $@

$(TESTED): tests/requirements.txt requirements.txt | $(PY)
	@echo "Installing what the tests need ..."
	@$(TORCH_FIRST)
	@$(PIP) -r tests/requirements.txt
	@touch $(APP) $@

# A Chromium for the tests: the one named, the one installed, Debian's, or Playwright's own.
browser: $(TESTED)
	@if [ -n "$$BERT_EXPLAIN_CHROMIUM" ] || command -v chromium || command -v chromium-browser \
	    || command -v google-chrome; then exit 0; fi >/dev/null; \
	if [ "$$(id -u)" = 0 ]; then sudo=; else sudo="sudo -n"; fi; \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
	  echo "Installing Chromium with apt-get ..."; \
	  $$sudo apt-get -qq update && $$sudo env DEBIAN_FRONTEND=noninteractive \
	    apt-get -qq install -y --no-install-recommends chromium >/dev/null; \
	fi; \
	command -v chromium >/dev/null || $(PY) -m playwright install chromium || \
	  echo "No Chromium could be installed: the tests that need one will be skipped." \
	       "Install one, or name it in BERT_EXPLAIN_CHROMIUM."
