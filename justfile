# Shortcuts: `just` lists them. Nothing depends on just; bin/up and bin/test do the work.

set positional-arguments

python := ".venv/bin/python"
templates := "git ls-files '*/templates/*.html'"

_list:
    @just --list --unsorted

# Start Causebook with an empty database
up *options:
    bin/up "$@"

# Start Causebook with the demo shop
demo *options:
    bin/up --demo "$@"

# A second web server that reloads on save, on the servers that `just up` or `just demo` started
run port="8001": _environment
    DEBUG=true {{ python }} manage.py runserver {{ port }}

# Run a management command: just manage learn --rollback
manage +words: _environment
    {{ python }} manage.py "$@"

# All checks and tests; with arguments pytest alone: just test tests/kb -k cause
test *arguments:
    bin/test "$@"

# One end-to-end test: just e2e tests/e2e/test_main_job.py -k keys
e2e test *arguments:
    bin/test -m e2e "$@"

# Everything that bin/test checks before it runs tests
check: lint types

# Find mistakes, and formatting that differs, in Python and templates
lint: _environment
    {{ python }} -m ruff check .
    {{ python }} -m ruff format --check .
    {{ templates }} | xargs {{ python }} -m djhtml --check

# Correct formatting, and what ruff can correct
format: _environment
    {{ python }} -m ruff check --fix .
    {{ python }} -m ruff format .
    {{ templates }} | xargs {{ python }} -m djhtml

# Bring the catalogs of translations up to date with the sources
translations: _environment
    {{ python }} -m common.catalogs renew

# Check types
types: _environment
    {{ python }} -m mypy .

# Check that what the documents name exists
docs:
    bin/test tests/test_docs.py

# .venv with everything that tests need; quick when nothing changed
_environment:
    @bin/environment.py requirements-dev.txt
