"""Counts and durations for Prometheus, by endpoint: never a survey, a unit, a path or a person (spec 8).

What employees do has one name for all of it. Counted by endpoint, whoever watches the installation would see each
response that is submitted or deleted at its moment; the contact person sees steps of five, once an hour.
"""

from __future__ import annotations

from flask import Flask, Response, request
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest

from app.web.logs import endpoint_name, seconds_taken
from app.web.sealed_session import EMPLOYEE, area

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
METHODS = frozenset({"GET", "HEAD", "POST"})
EMPLOYEES = "employees"
"""Stands where an endpoint's name stands, for every request below a survey's link."""


class Metrics:
    """What one process counts, from its start."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "must_requests", "Requests answered.", ("endpoint", "method", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "must_request_seconds", "Time taken.", ("endpoint",), buckets=_SECONDS, registry=self._registry
        )

    def count(self, response: Response) -> Response:
        method = request.method if request.method in METHODS else "other"
        name = EMPLOYEES if area(request.path) == EMPLOYEE else endpoint_name()
        self._requests.labels(name, method, str(response.status_code)).inc()
        self._seconds.labels(name).observe(seconds_taken())
        return response

    def as_text(self) -> bytes:
        return generate_latest(self._registry)


def init_app(app: Flask) -> None:
    # They would say when the first of a kind happened, to the microsecond.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    metrics = app.extensions["metrics"] = Metrics()
    app.after_request(metrics.count)
