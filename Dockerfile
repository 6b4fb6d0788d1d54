# The product as one image: web server, jobs and commands differ only in what they run.
#   docker build --tag must .
#   docker run --rm --read-only --tmpfs /tmp --tmpfs /var/lib/must --env MUST_ENV=development must flask --help

FROM python:3.13-slim-bookworm AS build
WORKDIR /srv/must
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /srv/venv
COPY requirements.lock .
# Every package comes as a wheel of the locked version with the locked hash, or the build stops.
RUN /srv/venv/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: -r requirements.lock
COPY . .
RUN for language in translations/*/; do \
      /srv/venv/bin/pybabel --quiet compile -i "${language}LC_MESSAGES/messages.po" -o "${language}LC_MESSAGES/messages.mo"; \
    done \
    && /srv/venv/bin/python -m compileall -q app wsgi.py /srv/venv/lib

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --home-dir /var/lib/must --no-create-home --shell /usr/sbin/nologin must \
    && install --directory --owner must --group must --mode 0700 /var/lib/must
COPY --from=build /srv /srv
WORKDIR /srv/must
ENV PATH=/srv/venv/bin:$PATH \
    FLASK_APP=wsgi \
    MUST_ENV=production \
    MUST_INSTANCE=/var/lib/must \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
VOLUME /var/lib/must
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "1", \
     "--blocking-threads", "4", "--no-ws", "--http", "1", \
     "--http1-header-read-timeout", "10000", "--log-level", "warning", \
     "--respawn-failed-workers", "--workers-kill-timeout", "20", "wsgi:app"]
