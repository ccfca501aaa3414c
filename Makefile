# Orderly: make run starts it, make test proves it. Each target brings what it needs onto the machine first.
.PHONY: run test soak check bench lock clean help
.DEFAULT_GOAL := help

ARGS ?= -n 3 --maxschedchunk=24
PYTHON := .venv/bin/python
SETUP := @python3 config/dev/setup.py

run: ## start Orderly and print its address (PORT, DATA_DIR, DATABASE_URL are honored; Ctrl-C stops it)
	$(SETUP) run
	@exec $(PYTHON) -m config.dev.run

test: ## run the tests on a throw-away PostgreSQL; ARGS="-k orders" chooses, PG=15 takes Debian's server
	$(SETUP) test
	@exec $(PYTHON) -m pytest $(ARGS)

soak: ## repeat what TRUST.md promises as often as it says, for an hour or so; ARGS="-k deadlock" chooses
	$(SETUP) test
	@exec env SOAK=1 $(PYTHON) -m pytest -m soak $(ARGS)

check: ## run every check of the code: format, lint, imports, types, settings, migrations
	$(SETUP) test
	@exec $(PYTHON) -m config.dev.check

bench: ## run all benchmarks, or one: make bench BENCH=core
	$(SETUP) test
	@exec $(PYTHON) -m benchmarks $(BENCH)

lock: ## pin the requirements anew, with hashes and without addresses
	@python3 -m venv --clear var/lock && var/lock/bin/pip install -q pip-tools
	@for set in requirements requirements-local requirements-node requirements-dev; do \
	  var/lock/bin/pip-compile -q --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	    --generate-hashes --strip-extras --annotation-style line --pip-args "--only-binary :all:" -o $$set.txt $$set.in || exit 1; done

clean: ## remove all that these targets made: environment, assets, the demo's database and data
	@python3 -m config.dev.clean

help: ## show this
	@sed -n 's/^\([a-z]*\): ## /  make \1\t/p' Makefile | expand -t 14
