# Everything is set up by the targets themselves: Python packages into .venv from a lock file with hashes,
# Debian packages (a browser, LibreOffice and poppler for the tests) when they are missing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= 1
RESPONDENTS ?= 400
PORT ?= 8000
MINUTES ?= 10
WORKERS ?= $(shell nproc)

.PHONY: demo test tools lock translations gallery bench faults bench-disclosure bench-reports bench-paint exhaustive mutants fuzz scan clean

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
	@command -v redis-server >/dev/null || .ci/install-packages redis-server

# Pictures of every main page at 360 and 1280 pixels, and of reports; about three minutes.
gallery: $(VENV)/test tools $(MO)
	PYTHONPATH=. $(BIN)/python tests/gallery/make.py

# Respondents over HTTP through the whole form: times, CPU and bytes; then a large survey against a small one.
bench: $(VENV)/test $(MO)
	$(BIN)/python -m tests.load.bench
	$(BIN)/python -m tests.load.bench --database postgresql
	$(BIN)/python -m tests.load.bench --per-second 20 --respondents 200 --rounds 3
	$(BIN)/python -m tests.load.bench --slope

# Every fault under load: kill -9 (200 rounds), disk, database, clock, migrations, reports, closing; about half an hour.
faults: $(VENV)/test $(MO)
	$(BIN)/python -m tests.faults.run

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

# Every form, and the readers of unit lists, under arbitrary input: MINUTES each, coverage-guided where that is known.
# atheris has wheels for Python 3.11 to 3.13 on Linux. What fails is kept in build/fuzz.
ATHERIS := .venv-fuzz/bin/python
$(ATHERIS):
	$(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/pip install --quiet --disable-pip-version-check atheris==3.0.0

fuzz: SECONDS = $(shell echo $$(($(MINUTES) * 60)))
fuzz: $(VENV)/test tools $(MO) $(ATHERIS)
	mkdir -p build/fuzz
	MUST_FUZZ_SECONDS=$(SECONDS) $(BIN)/pytest -q -p no:logging --basetemp=build/fuzz/forms tests/web/test_fuzzed_forms.py
	for target in workbook cells; do \
	  PYTHONPATH=.:$$($(BIN)/python -c 'import site; print(site.getsitepackages()[0])') $(ATHERIS) tests/fuzz/run.py \
	  $$target build/fuzz/$$target -artifact_prefix=build/fuzz/ -max_total_time=$(SECONDS) -max_len=40000 \
	  -len_control=0 -timeout=20 -rss_limit_mb=600 || exit 1; \
	done

# wapiti against a demo of its own on 127.0.0.1, as every audience; about half an hour.
scan: $(VENV)/test $(MO)
	$(PYTHON) -m venv .venv-scan
	.venv-scan/bin/pip install --quiet --disable-pip-version-check wapiti3==3.2.3
	PYTHONPATH=. $(BIN)/python tests/scan/run.py --wapiti .venv-scan/bin/wapiti

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
	rm -rf $(VENV) .venv-fuzz .venv-scan build instance .coverage .mypy_cache .ruff_cache .hypothesis
