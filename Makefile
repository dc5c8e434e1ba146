# Everything a person does here. `make` alone lists it.
# The first of these that there is.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13; do \
	$$python -c "" 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed-from-requirements
AIRFLOW := orchestration/.venv
AIRFLOW_READY := $(AIRFLOW)/.installed-from-requirements
# A module to each core, in the order of tests/conftest.py.
PYTEST := pytest -n auto --dist loadscope --no-loadscope-reorder
JOBS ?= 1
SITE ?= site
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help

.PHONY: docs help setup run test check lint fix ui schedule schedule-stop team-server team-server-stop team-server-backup team-server-restore team-server-upgrade worker lock audit licences platforms package clean

help: ## List these commands
	@awk -F ':[^#]*## ' '/^[a-z-]+:.*## / {printf "%-23s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Create .venv from the lock (once; the other commands do it too)

run: setup ## Train, evaluate and track the stacked autoencoder on MNIST
	kedro run --pipelines=stacked

test: setup $(AIRFLOW_READY) ## Run all tests; says which are left out, and why
	$(PYTEST) -rs

check: lint ## Check format, lint, types, imports and dependencies, and run the fast tests
	$(PYTEST) -m "not slow" --ignore=tests/end_to_end --ignore=tests/orchestration

lint: setup
	ruff format --check
	ruff check
	mypy
	mypy orchestration/*.py orchestration/team/*.py
	PYTHONPATH=src lint-imports
	deptry src

fix: setup ## Format, and mend what lint can mend
	ruff format
	ruff check --fix

ui: setup ## Open MLflow on http://127.0.0.1:5000 over this project's runs
	kedro mlflow ui

schedule: setup $(AIRFLOW_READY) ## Retrain on a schedule: start Airflow on http://127.0.0.1:$PORT (8080)
	$(AIRFLOW)/bin/python orchestration/schedule.py start $(if $(PORT),--port $(PORT)) $(if $(CELERY),--celery)

schedule-stop: ## Stop Airflow, and the tasks that run
	$(AIRFLOW)/bin/python orchestration/schedule.py stop

team-server: setup ## MLflow for a team, with log-ins: on http://127.0.0.1:$TEAM_PORT (5000)
	python orchestration/team_server.py start $(if $(TEAM_PORT),--port $(TEAM_PORT)) --hosts "$(HOSTS)"

team-server-stop: ## Stop it, and its database
	python orchestration/team_server.py stop

team-server-backup: setup ## Copy it to the folder $BACKUP, while it runs
	python orchestration/team_server.py backup "$(or $(BACKUP),$(error BACKUP=<folder> is missing))"

team-server-restore: setup ## Make a server of the backup in $BACKUP, and start it
	python orchestration/team_server.py restore "$(or $(BACKUP),$(error BACKUP=<folder> is missing))"

team-server-upgrade: setup ## Change its database as a newer MLflow needs it; back it up first
	python orchestration/team_server.py upgrade

worker: setup $(AIRFLOW_READY) ## Take tasks from another machine's Airflow: docs/scaling.md
	AIRFLOW_HOME="$(or $(AIRFLOW_HOME),$(CURDIR)/orchestration/.airflow)" \
	AIRFLOW__CORE__DAGS_FOLDER="$(CURDIR)/orchestration/dags" \
	$(AIRFLOW)/bin/airflow celery worker --concurrency $(JOBS)

lock: ## Resolve the dependencies of each pyproject.toml into requirements.txt (needs uv)
	uv pip compile pyproject.toml --extra search --extra viz --group dev --universal --generate-hashes \
		--python-version 3.11 --no-emit-index-url --no-emit-find-links --upgrade \
		--custom-compile-command "make lock" --output-file requirements.txt
	uv pip compile orchestration/pyproject.toml --universal --generate-hashes \
		--python-version 3.11 --no-emit-index-url --no-emit-find-links --upgrade \
		--custom-compile-command "make lock" --output-file orchestration/requirements.txt

audit: ## Look up known vulnerabilities of all locked packages (needs uv, and PyPI's advisories)
	@status=0; for lock in requirements.txt orchestration/requirements.txt; do \
		said=$$(uvx --quiet pip-audit --strict --progress-spinner off --require-hashes \
			--disable-pip --requirement $$lock 2>&1) || status=1; \
		case $$said in \
			*"known vulnerabilit"*) echo "$$lock: $$said";; \
			*) status=1; echo "$$lock was NOT audited. Are uv and PyPI's advisories in reach?"; \
				echo "$$said" | tail -n 1;; \
		esac; \
	done; exit $$status

docs: setup ## Build the documents as a site: site/README.html
	sphinx-build --quiet --nitpicky --fail-on-warning --conf-dir docs/site --doctree-dir $(SITE)/.doctrees . $(SITE)

licences: setup $(AIRFLOW_READY) ## Write docs/licences.md: the licences of what is installed (needs uv)
	python docs/licences.py

platforms: setup ## Write the table of docs/platforms.md: where the locks can be installed (needs uv)
	python docs/platforms.py

package: setup ## Build the wheel, and the archive of its configuration: dist
	rm -rf build dist # or files that are no longer in src would be packed from build
	kedro package

clean: ## Remove what runs wrote: data/02 to data/08, and the runs in mlruns
	rm -rf data/0[2-8]_* mlruns/mlflow.db* mlruns/artifacts

# Made anew when the lock changes. The file is made last: a set-up that was cut short is redone.
$(READY): requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=<its path>"; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON) from requirements.txt: some minutes, once ..."
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement requirements.txt
	@touch $@

# The lock is whole, so that pip need not look for what else is needed: it stumbles over extras.
$(AIRFLOW_READY): orchestration/requirements.txt
	@echo "Setting up $(AIRFLOW) from $<: a minute, once ..."
	$(PYTHON) -m venv --clear $(AIRFLOW)
	$(AIRFLOW)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--no-deps --requirement $<
	@touch $@
