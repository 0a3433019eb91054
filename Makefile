# make help says what there is. Set PYTHON to choose an interpreter; KAFKA_BOOTSTRAP and REDIS_URL to test on servers of yours.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --universal --fork-strategy fewest \
	--python-version 3.11 --custom-compile-command 'make lock' pyproject.toml

.PHONY: help setup demo test bench soak mutants lint format kafka promtool lock

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

setup: .venv/.ready ## make .venv with the command chalandise in .venv/bin; nothing when it is up to date

.venv/.locked: requirements-dev.lock tools/make-venv
	@echo "Setting up .venv (about a minute the first time)"
	@tools/make-venv "$(PYTHON)" .venv
	@$(PIP) install --require-hashes --only-binary=:all: -r requirements-dev.lock
	@touch $@

.venv/.ready: .venv/.locked pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

EXAMPLE ?= department-store
demo: setup ## watch sample members and what they are offered: a department store, or EXAMPLE=coffee-chain, snack-brand
	@$(BIN)/chalandise demo $(EXAMPLE)

test: lint kafka promtool ## everything: lint, unit tests, scenarios, and a real Kafka and Redis
	$(BIN)/python -m pytest

bench: setup kafka ## the measured claims, each with its peer in the same run
	@$(BIN)/python -m bench

MINUTES ?= 30
soak: setup kafka ## half an hour of kills under load, or MINUTES=5: nothing may be lost
	@$(BIN)/python -m bench.soak --minutes $(MINUTES)

mutants: setup ## seeded changes to presence, index and offers, each held against the tests of it; goes on where it stopped
	@nice $(BIN)/python -m tools.mutants

lint: setup ## formatting, types, and which package may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: setup ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## make the lock files anew from pyproject.toml (needs uv)
	$(LOCK) --upgrade --output-file requirements.lock
	$(LOCK) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock

kafka: $(if $(KAFKA_BOOTSTRAP)$(KAFKA_LIBS),,.kafka/libs/.ready) ## the jars of a real Apache Kafka, and the Java to run it
	@$(if $(KAFKA_BOOTSTRAP),,tools/java-and-maven)

promtool: $(if $(PROMTOOL),,.promtool/promtool) ## Prometheus' own check of the alert rules

.promtool/promtool:
	@tools/promtool $(CURDIR)/.promtool

.kafka/libs/.ready: tests/kafka/pom.xml
	@tools/java-and-maven
	@echo "Fetching Apache Kafka (about 44 MB) into .kafka/libs"
	@rm -rf .kafka/libs
	@mvn -B -q -f $< dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/.kafka/libs
	@touch $@
