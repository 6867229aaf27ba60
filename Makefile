# make crawl           crawl the sample portal that comes with the checkout
# make crawl BRANCH=js crawl a live branch
# make bench           measure speed and memory against Scrapy, lxml, trafilatura, warcio, fastwarc and cdxj-indexer (some minutes)
# make peers           compare the reading of articles with other libraries, field by field
# make test            run the tests;  make check: style, types, layers;  make test-long: browser, kill and fuzz tests

PYTHON ?= python3
BRANCH ?=
BIN := .venv/bin

.PHONY: crawl test test-long check bench peers clean

ifeq ($(BRANCH),)
crawl: .venv/crawl
	@$(BIN)/python -m tests.portal -- $(BIN)/pressmark crawl --all --portal tests/fixtures/portal/sample.toml --connect-to '*.sample.test:{address}'
else
crawl: .venv/crawl
	@$(BIN)/pressmark crawl $(BRANCH)
endif

test: .venv/test
	@$(BIN)/python -m pytest -n auto

test-long: .venv/test
	@$(BIN)/python -m pytest -m long

check: .venv/check
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/bench
	@$(BIN)/python -m bench.warc_writing
	@$(BIN)/python -m bench.verifying
	@$(BIN)/python -m bench.indexing
	@$(BIN)/python -m bench.merging
	@$(BIN)/python -m bench.packing
	@$(BIN)/python -m bench.digests
	@$(BIN)/python -m bench.extraction
	@$(BIN)/python -m bench.rereading
	@$(BIN)/python -m bench.crawl
	@$(BIN)/python -m bench.searching
	@$(BIN)/python -m bench.reprinting
	@$(BIN)/python -m bench.nochange
	@$(BIN)/python -m bench.exporting

peers: .venv/crawl .venv/peers/ready
	@$(BIN)/python -m bench.peers .venv/peers/bin/python

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Pressmark needs Python 3.11 or newer; name it with PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/crawl: .venv/bin/python pyproject.toml constraints.txt
	@echo "Setting up .venv (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/test: .venv/crawl
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

.venv/check: .venv/test
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,check]'
	@touch $@

.venv/bench: .venv/crawl
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@touch $@

# The other libraries ask for versions that Pressmark does not use, so they have an environment of their own.
.venv/peers/ready: .venv/bin/python bench/peers/constraints.txt
	@$(PYTHON) -m venv .venv/peers
	@.venv/peers/bin/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@.venv/peers/bin/python -m pip install --quiet --disable-pip-version-check -c bench/peers/constraints.txt trafilatura 'newspaper4k[zh]' gne news-please
	@touch $@

clean:
	rm -rf .venv build *.egg-info
