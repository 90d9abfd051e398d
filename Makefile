# Every target is one task of scripts/task.py, which sets up .venv first.
# Windows has no make: `py scripts/task.py bench` does the same.

# The first of these that can start scripts/task.py. A name alone says little:
# pyenv has the names of Pythons that it lacks, and python3 may be 3.6.
NAMES = python3.13 python3.12 python3.11 python3 python
STARTS = import sys; sys.exit(sys.version_info < (3, 8))
PYTHON = $(shell for name in $(NAMES); do \
	"$$name" -I -c "$(STARTS)" > /dev/null 2>&1 && echo "$$name" && break; done)
MISSING = $(error No Python found: install Python 3.11, 3.12 or 3.13)
TASK = @exec "$(or $(PYTHON),$(MISSING))" -I scripts/task.py

.PHONY: help bench bench-full test test-latest lint setup clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\): *## /  make \1: /p' Makefile

bench:  ## train, time and compare; ARGS="..." is passed on
	$(TASK) bench $(ARGS)

bench-full:  ## the same with the assignment's settings on all of MNIST
	$(TASK) bench-full $(ARGS)

test:  ## run the tests; ARGS="..." is passed on
	$(TASK) test $(ARGS)

test-latest:  ## the same with the newest packages, not the pinned ones
	$(TASK) test-latest $(ARGS)

lint:  ## check style and types
	$(TASK) lint

setup:  ## only make .venv, which the others do by themselves
	$(TASK) setup

clean:  ## remove .venv, results/ and caches, but not data/
	$(TASK) clean
