# Everything is set up by the targets themselves: Python packages into .venv from a lock file with hashes,
# Debian packages (a browser, LibreOffice and poppler for the tests) when they are missing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= 1
RESPONDENTS ?= 400
PORT ?= 8000
WORKERS ?= $(shell nproc)

.PHONY: demo test tools lock translations gallery bench faults bench-disclosure bench-reports bench-paint exhaustive mutants clean

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed.") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/install-packages python3-venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@

$(VENV)/test: requirements-test.lock | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-test.lock
	@touch $@ $(VENV)/runtime

PO := $(wildcard translations/*/LC_MESSAGES/messages.po)
MO := $(PO:.po=.mo)

%.mo: %.po
	$(BIN)/pybabel --quiet compile -i $< -o $@

# The main job on sample data: a fictional directorate, simulated employees over HTTP, reports; then serve it.
demo: $(VENV)/runtime $(MO)
	@BIN=$(BIN) SERVE=$(SERVE) RESPONDENTS=$(RESPONDENTS) PORT=$(PORT) WORKERS=$(WORKERS) .ci/demo

# All tests, those with a browser, LibreOffice and PostgreSQL included.
test: $(VENV)/test tools $(MO)
	$(BIN)/ruff check app tests wsgi.py
	$(BIN)/ruff format --check --quiet app tests wsgi.py
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered

tools:
	@command -v chromium >/dev/null || .ci/install-packages chromium
	@command -v soffice >/dev/null || .ci/install-packages libreoffice-calc-nogui
	@command -v pdftoppm >/dev/null || .ci/install-packages poppler-utils

# Pictures of pages, from what `make demo SERVE=0` made, and of reports.
gallery: $(VENV)/test tools $(MO)
	MUST_INSTANCE=$(CURDIR)/instance/demo PYTHONPATH=. $(BIN)/python tests/gallery/make.py

# Respondents over HTTP through the whole form: times, CPU and bytes; then a large survey against a small one.
bench: $(VENV)/test $(MO)
	PYTHONPATH=. $(BIN)/python tests/load/bench.py
	PYTHONPATH=. $(BIN)/python tests/load/bench.py --slope

# kill -9 of web server and database under load; then everything that was acknowledged is looked for.
faults: $(VENV)/test $(MO)
	PYTHONPATH=. $(BIN)/python tests/faults/run.py
	PYTHONPATH=. $(BIN)/python tests/faults/run.py --database postgresql

# CPU seconds for plan, figures and gate of a large organisation.
bench-disclosure: export OMP_NUM_THREADS = 1
bench-disclosure: export OPENBLAS_NUM_THREADS = 1
bench-disclosure: $(VENV)/test
	PYTHONPATH=. $(BIN)/python tests/load/bench_disclosure.py
	PYTHONPATH=. $(BIN)/python tests/load/bench_disclosure.py --units 1000

# Reports of 20,000 people: 1,500 of them on two cores, and WeasyPrint on the same pages; about five minutes.
bench-reports: $(VENV)/test
	$(BIN)/pip install --quiet --disable-pip-version-check weasyprint==70.0
	PYTHONPATH=. $(BIN)/python tests/load/bench_reports.py

# First contentful paint on a slow phone net; about a minute.
bench-paint: $(VENV)/test tools $(MO)
	PYTHONPATH=. $(BIN)/python tests/load/first_paint.py

# Disclosure control on 50,000 random trees, and 30 organisations against an integer solver; then how often each wrong
# rule reveals somebody and is caught, and what the solver met.
exhaustive: $(VENV)/test
	MUST_TREES=50000 MUST_ORGANISATIONS=30 $(BIN)/pytest -q --junitxml=build/exhaustive.xml -o junit_family=xunit1 \
	  tests/domain/test_certificate.py tests/domain/test_disclosure.py tests/attacks/test_rounding.py
	@grep -oE 'name="(test_wrong_rule|test_counting_each|test_no_answer|share|common|opposed)[^"]*"( value="[^"]*")?' build/exhaustive.xml

# Every small change of plan, certificate and display rules has to fail a test; about three minutes.
mutants: $(VENV)/test
	$(BIN)/python tests/mutation/run.py

# Texts that changed in code or templates go into translations/; then fill in what is new.
translations: $(VENV)/test
	$(BIN)/pybabel --quiet extract -F babel.cfg -k N_ -k lazy_gettext --no-location --sort-output -o translations/messages.pot .
	$(BIN)/pybabel --quiet update --no-fuzzy-matching -w 120 -i translations/messages.pot -d translations

# After a change of dependencies in pyproject.toml.
lock: $(VENV)/test
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q -o requirements-test.lock

clean:
	rm -rf $(VENV) instance .coverage .mypy_cache .ruff_cache .hypothesis
