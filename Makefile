# Everything here works in a fresh clone with Python 3.11+, make and a C library.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSYNC := .venv-ib-insync
PIP := -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: install demo test test-ib-insync check bench chaos docs clean

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) --editable '.[ib-async,simulator,test,check]'
	@touch $@

$(INSYNC)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(INSYNC)
	$(INSYNC)/bin/python $(PIP) --editable '.[ib-insync,ibapi,simulator,test]'
	@touch $@

demo: install
	$(BIN)/python -m simulator

test: install
	$(BIN)/python -m pytest --numprocesses 4 --dist loadfile -m 'not whole'

test-ib-insync: $(INSYNC)/installed
	$(INSYNC)/bin/python -m pytest --numprocesses auto tests/integration/broker tests/simulator/tws tests/flow/test_trouble_ibkr.py \
		tests/flow/test_every_order.py tests/flow/test_every_instrument.py tests/flow/test_every_shape.py \
		tests/flow/test_scanner.py tests/flow/test_news_chat.py tests/flow/test_news.py tests/flow/test_scan_schedule.py

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m bench

# A small seeded share of it runs with `make test`; all of it takes about an hour and a half.
chaos: install
	CHAOS_HOSTILE=10000 $(BIN)/python -m pytest --timeout 1400 tests/chaos
	$(BIN)/python -m tests.chaos.confirm
	$(BIN)/python -m tests.chaos.confirm bracket
	$(BIN)/python -m tests.chaos.of_list
	$(BIN)/python -m tests.chaos.of_rebalance all
	$(BIN)/python -m tests.chaos.cut bracket
	$(BIN)/python -m tests.chaos.cut list
	$(BIN)/python -m tests.chaos --crossing

docs: install
	$(BIN)/python docs/rooms.py
	$(BIN)/python docs/language.py
	$(BIN)/python docs/tickets.py

clean:
	rm -rf $(VENV) $(INSYNC) build *.egg-info
