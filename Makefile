# What people do here: `make demo` and `make test`. Everything is installed into .venv, nothing else is
# touched, and only what changed is done again. Works with GNU make from 3.81, which macOS has.

# Tried in this order; the first that is Python 3.11 or later and can make virtual environments is used.
PYTHON = python3.13 python3.12 python3.11 python3.14 python3
VENV = .venv
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
# Types of the MicroPython that the pods run, in a folder that only firmware/pyrightconfig.json knows:
# among the packages of Python they would be mistaken for modules of the host.
STUBS = "micropython-rp2-stubs~=1.29.0"

.PHONY: help demo test minimum site format clean

help:  ## show this text
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-7s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/demo.stamp  ## two virtual pods, live: make demo [SCENARIO=bridge] [SPEED=1] [ARGS=…]
	$(VENV)/bin/glutesym demo $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(SPEED),--speed $(SPEED)) $(ARGS)

test: $(VENV)/dev.stamp  ## everything that must hold: style, imports, types, tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports --no-logo
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(VENV)/bin/pyright
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(VENV)/bin/pyright --project firmware
	@$(VENV)/bin/python -c 'import PySide6.QtWidgets' || { \
	  echo "Qt needs system libraries. Fix: sudo apt install" `cat .ci/debian-packages` >&2; exit 1; }
	$(VENV)/bin/python -m pytest -n auto

# What a session needs, and its tests; the window is not among it: Qt alone takes as long.
OLDEST = build/oldest
minimum: $(VENV)/dev.stamp  ## a session with the oldest versions that pyproject.toml allows
	$(VENV)/bin/python -m venv --clear $(OLDEST)
	$(VENV)/bin/python .ci/oldest_versions.py >$(OLDEST)/requirements.txt
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --requirement $(OLDEST)/requirements.txt --editable .
	PATH="$(CURDIR)/$(OLDEST)/bin:$$PATH" $(OLDEST)/bin/python -m pytest -p no:cacheprovider \
	  tests/test_wire.py tests/test_decode.py tests/test_clock.py tests/test_keys.py \
	  tests/session/test_history.py tests/session/test_export_csv.py \
	  tests/api/test_examples.py::test_read_session

site: $(VENV)/site.stamp  ## the documentation as HTML: build/site/index.html
	$(VENV)/bin/python docs/make_site.py

format: $(VENV)/dev.stamp  ## put the code into its standard form
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

clean:  ## remove everything that can be made again; recorded sessions stay
	rm -rf $(VENV) build dist .cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find host firmware tests -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/dev.stamp: pyproject.toml $(VENV)/made.stamp
	@echo "Installing glutesym and its development tools into $(VENV) ..."
	@$(PIP) --editable ".[dev]"
	@$(PIP) --upgrade --target $(VENV)/micropython_stubs $(STUBS)
	@touch $(VENV)/demo.stamp $(VENV)/site.stamp $@

$(VENV)/demo.stamp: pyproject.toml $(VENV)/made.stamp
	@echo "Installing glutesym, its window, reports and simulator into $(VENV) ..."
	@$(PIP) --editable ".[gui,sim,report]"
	@touch $@

$(VENV)/site.stamp: pyproject.toml $(VENV)/made.stamp
	@echo "Installing glutesym and what makes its documentation into $(VENV) ..."
	@$(PIP) --editable ".[docs]"
	@touch $@

# A virtual environment that is already there and works is kept.
$(VENV)/made.stamp:
	@if $(VENV)/bin/python -m pip --version >/dev/null 2>&1; then touch $@; exit 0; fi; \
	old=; bare=; \
	for python in $(PYTHON); do \
	  version=`$$python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null` || continue; \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { old=" $$version"; continue; }; \
	  $$python -c 'import ensurepip, venv' 2>/dev/null || { bare=" $$version"; continue; }; \
	  rm -rf $(VENV) && $$python -m venv $(VENV) && touch $@; exit $$?; \
	done; \
	if [ -n "$$bare" ]; then \
	  echo "Python$$bare cannot make virtual environments. Fix: sudo apt install python3-venv" >&2; \
	else \
	  echo "glutesym needs Python 3.11 or later; found:$${old:- none}." >&2; \
	  echo "Fix: sudo apt install python3 python3-venv  (Debian 12, Ubuntu 24.04 or later)" >&2; \
	  echo "     brew install python  (macOS)" >&2; \
	  echo "     make PYTHON=/path/to/python3 ...  (if you have it elsewhere)" >&2; \
	fi; exit 1
