# make help lists what there is. Everything runs in .venv, which `make setup` builds from requirements.lock.

.DEFAULT_GOAL := help
.PHONY: help setup run demo seed reset validate migrate rollback browse test test-doubled rights coverage fuzz audit check lint format types template \
	openapi openapi-check diagram failure-cases bench bench-report cost chaos build admin-key lock clean

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready-$(shell cksum < requirements.lock | tr ' ' -)
READY := $(shell [ -f $(STAMP) ] && $(BIN)/python -c pass 2>/dev/null && echo yes)
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c '$(SUITABLE)' 2>/dev/null && echo $$p && break; done)

# Hosts that the tests start, and the product itself, start several times sooner from bytecode that was kept.
unexport PYTHONDONTWRITEBYTECODE

# What the one-machine mode and its companions read; also as `make run PORT=4000`.
$(foreach name,PORT SANDBOX_PORT DATA_DIR ADMIN_KEY TIME_SCALE SEED VERBOSE FAULTS LEADS STACK CONFIRM BROWSE_PORT FUZZ_EXAMPLES FUZZ_SEED BENCH_ROUNDS BENCH_LEADS BENCH_RECIPIENTS BENCH_ONE_BY_ONE BENCH_TIMERS,\
	$(if $(filter-out undefined,$(origin $(name))),$(eval export $(name))))

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '%-18s %s\n' "$$name" "$$text"; done

setup: ## build .venv from requirements.lock; does nothing when it is there and whole
ifneq ($(READY),yes)
	@if ! '$(PYTHON)' -c '$(SUITABLE)' 2>/dev/null; then \
		echo "Leadflow needs Python 3.11 or newer with its venv module, and found none on the PATH;" \
			"install one (Debian: python3 and python3-venv) or say which: make $(MAKECMDGOALS) PYTHON=/path/to/python3.13" >&2; \
		exit 1; \
	fi
	@echo "Setting up $(VENV) with $$('$(PYTHON)' --version); this takes a minute the first time."
	@rm -rf $(VENV)
	@'$(PYTHON)' -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements.lock
	@touch $(STAMP)
endif

run: setup ## start the whole product here; PORT, SANDBOX_PORT, DATA_DIR, ADMIN_KEY, TIME_SCALE, SEED, VERBOSE
	@exec $(BIN)/python -m local.run

demo: setup ## drive the whole story with a faster clock and print a report; LEADS
	@exec $(BIN)/python -m local.demo

seed: setup ## put sample data into what `make run` has running; or STACK=name ADMIN_KEY=key
	@exec $(BIN)/python -m local.seed

reset: setup ## remove everything DATA_DIR holds; or what STACK=name holds, with CONFIRM=name
	@$(BIN)/python -m local.tools reset

validate: setup ## look at every item of the table: keys, attributes, values, owners; STACK=name
	@$(BIN)/python -m local.tools validate

migrate: setup ## apply the data migrations that are not applied yet; STACK=name
	@$(BIN)/python -m local.tools migrate

rollback: setup ## take the last data migration back; STACK=name
	@$(BIN)/python -m local.tools rollback

browse: setup ## look through the table on http://127.0.0.1:3002; BROWSE_PORT, STACK=name
	@exec $(BIN)/python -m local.tools browse

test: setup ## run the tests, three at once since many wait for a host; ARGS="-k name" for some
	@$(BIN)/python -m pytest -n 3 --dist worksteal -q $(ARGS)

test-doubled: setup ## the functional tests again, every POST sent twice under one Idempotency-Key; are recorded rights still used?
	@RIGHTS=whole $(BIN)/python -m pytest -n 2 --dist worksteal -q -p tests.doubled -p tests.recorded tests/functional

coverage: setup ## docs/COVERAGE.md: which lines and branches the unit, functional and contract tests run, by wing; ARGS="-n 2"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes --upgrade \
		--target .covered/tools -r requirements/coverage.txt
	@$(BIN)/python -m tests.covered $(ARGS)

rights: setup ## what functions ask of AWS in functional tests and journeys, written to tests/infra/rights.json
	@RIGHTS=write $(BIN)/python -m pytest -n 2 --dist worksteal -q -p tests.recorded tests/functional tests/journeys
	@$(BIN)/python -m pytest -n0 -q tests/infra/test_rights.py

fuzz: setup ## schemathesis against a fresh host, by the API document; FUZZ_EXAMPLES, FUZZ_SEED
	@$(BIN)/python -m tests.fuzz

audit: setup ## known weaknesses of what is locked, by PyPI's advisories; needs the internet, so `check` is without it
	@[ -x .audited/bin/pip-audit ] || { $(BIN)/python -m venv .audited && .audited/bin/pip install --quiet \
		--disable-pip-version-check --no-input pip-audit==2.10.1; }
	@for lock in layers/dependencies/requirements.txt requirements.lock; do \
		.audited/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r $$lock || exit 1; done

check: lint types template openapi-check ## everything CI wants except the tests

lint: setup ## rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: setup ## mend what can be mended by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: setup ## mypy
	@$(BIN)/mypy

template: setup ## cfn-lint over template.yaml
	@$(BIN)/cfn-lint template.yaml

openapi: setup ## write the API document and docs/API.md from the template's routes and the handlers' types
	@$(BIN)/python -m local.build_openapi

openapi-check: setup
	@$(BIN)/python -m local.build_openapi --check

diagram: setup ## draw the picture of docs/ARCHITECTURE.md
	@$(BIN)/python docs/draw.py

failure-cases: setup ## write the table of failure cases of docs/OPERATIONS.md from the tests that prove them
	@$(BIN)/python docs/failure_cases.py

bench: setup ## costs and speeds, each section by its name: ARGS="campaign rendering cold warm calls …"; BENCH_ROUNDS
	@$(BIN)/python -m tests.benchmarks $(ARGS)

bench-report: setup ## the same, written to docs/BENCHMARKS.md, docs/benchmarks.json and docs/COST.md; ARGS, BENCH_ROUNDS
	@$(BIN)/python -m tests.benchmarks --report $(ARGS)

cost: setup ## docs/COST.md, computed from the calls of the last report
	@$(BIN)/python -m tests.benchmarks.costs

chaos: setup ## deaths in every state, then everything at work under 50 kills, failing providers and a failing AWS; ARGS="--leads 2000 --kills 50 --seed 1"
	@CHAOS_EVERY=1 $(BIN)/python -m pytest -n 2 --dist worksteal -q tests/chaos
	@$(BIN)/python -m tests.journeys.storm $(ARGS)

build: ## what `sam deploy` uploads; needs python3.13, and brings the SAM CLI when there is none
	@command -v sam >/dev/null || [ -x .built/bin/sam ] || { '$(PYTHON)' -m venv .built && .built/bin/pip install --quiet \
		--disable-pip-version-check --no-input aws-sam-cli==1.170.0; }
	@PATH="$$PATH:$(CURDIR)/.built/bin" SAM_CLI_TELEMETRY=0 sam build
	@du -sh .aws-sam/build/*Layer | sort -h

admin-key: ## make the first admin key of a deployed stack: STACK=leadflow
	@[ -n "$(STACK)" ] || { echo "Say which stack: make admin-key STACK=leadflow" >&2; exit 2; }
	@name=$$(aws cloudformation describe-stack-resource --stack-name '$(STACK)' --output text \
		--logical-resource-id CreateApiKeyFunction --query StackResourceDetail.PhysicalResourceId) && \
	aws lambda invoke --function-name "$$name" --cli-binary-format raw-in-base64-out \
		--payload file://events/platform/create_api_key.json /dev/stdout

lock: ## resolve requirements/*.in again
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && '$(PYTHON)' -m venv "$$tools" && \
	"$$tools/bin/pip" install --quiet --disable-pip-version-check uv && \
	"$$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		-o requirements.lock requirements/dev.in && \
	"$$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade --no-deps \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		-o requirements/coverage.txt requirements/coverage.in && \
	"$$tools/bin/uv" pip compile --quiet --python-version 3.13 --python-platform aarch64-manylinux2014 \
		--generate-hashes --upgrade --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		-c requirements.lock -o layers/dependencies/requirements.txt requirements/runtime.in

clean: ## remove what the targets above made, but not .local, where the one-machine mode keeps its data
	@rm -rf $(VENV) .aws-sam .audited .built .covered .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
