# A few words for a person and for CI alike. They need Python 3.11 or newer and make; the rest they fetch.

PYTHON ?= python3
BIN := .venv/bin
WHAT_IS_INSTALLED := uv.lock pyproject.toml $(wildcard core/pyproject.toml plugins/*/pyproject.toml tests/*/pyproject.toml)

# The environment is always here, whatever the user's own settings of uv say.
export UV_PROJECT_ENVIRONMENT := .venv
# Tests start hundreds of Python processes: each would compile all that it imports, every time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-long conformance bench check format docs testbed-up testbed-status testbed-down

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

demo: .venv/.$(if $(REAL),everything,demo) ## the whole story in two minutes, on emulated clusters; REAL=1: on real ones
	@$(if $(REAL),$(BIN)/python -m slackwater_testbed build etcd kubernetes velero s3 csi csi-driver)
	@$(BIN)/slackwater demo $(if $(REAL),--stage real)

# Many tests wait, so there is one worker more than a small machine has cores; each costs a collection.
# Tests on real engines share one testbed, so they run one after another, after the others.
test: .venv/.everything ## all tests in a few minutes, those on real engines where they are built; TESTBED=1: build them first
	@$(BIN)/pytest -n 3 -m "not real and not long"
	@$(if $(TESTBED),$(BIN)/python -m slackwater_testbed build)
	@$(if $(TESTBED),SLACKWATER_TESTBED=required) $(BIN)/pytest -n 0 -m "real and not long"

test-long: .venv/.everything ## what takes longer than CI should, real engines included
	@SLACKWATER_EXAMPLES=1000 $(BIN)/pytest -n 2 -m "hypothesis and not real and not long"
	@$(BIN)/python -m slackwater_testbed build
	@SLACKWATER_TESTBED=required $(BIN)/pytest -n 0 -m long

# What was recorded of real engines stays until they are run again: it says on which day.
conformance: .venv/.everything ## run the conformance kit over every backend, record what it saw, write the table; TESTBED=1: on real engines too
	@$(if $(TESTBED),$(BIN)/python -m slackwater_testbed build)
	@$(BIN)/pytest -q -n 4 -m "not real" -k "conformance and not broken" --record-promises tests/conformance/recorded
	@$(if $(TESTBED),SLACKWATER_TESTBED=required $(BIN)/pytest -q -n 0 -m real -k "conformance and not broken" --record-promises tests/conformance/recorded)
	@$(MAKE) --no-print-directory docs

bench: .venv/.everything ## measure side by side with other tools; prints tables, asserts nothing; ONLY="P3 P6": these alone
	@$(BIN)/python -m tests.benchmarks $(if $(ONLY),--only $(ONLY))

check: .venv/.everything ## lint, format and types, as CI wants them
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: .venv/.everything ## put the code into the form that check wants
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/.everything ## write the reference pages from the code
	$(BIN)/python -m slackwater.cli.reference core/docs
	$(BIN)/python -m slackwater.testing.conformance.table tests/conformance/recorded core/docs/reference/conformance.md

testbed-up: .venv/.everything ## start real clusters on loopback and print their kubeconfigs
	@$(BIN)/python -m slackwater_testbed up

testbed-status: .venv/.everything ## what runs, and where
	@$(BIN)/python -m slackwater_testbed status

testbed-down: .venv/.everything ## stop them
	@$(BIN)/python -m slackwater_testbed down

.venv/.everything .venv/.demo: $(WHAT_IS_INSTALLED)
	@PYTHON=$(PYTHON) scripts/install $(patsubst .%,%,$(@F))
	@touch $@
