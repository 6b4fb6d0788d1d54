"""One address gives the page or, for a partial htmx request, the fragment that the page includes."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for

PARTIAL = "partial"


def is_partial() -> bool:
    return request.headers.get("HX-Request-Type") == PARTIAL


def respond(page: str, fragment: str | None = None, /, *, status: int = 200, **context: object) -> Response:
    """Render `fragment` for a partial htmx request, else `page`, which includes it."""
    name = fragment if fragment and is_partial() else page
    response = make_response(render_template(name, **context), status)
    response.vary.add("HX-Request-Type")
    return response


def go_to(endpoint: str, **values: Any) -> Response:
    """Send the browser on after something was saved: 303, or HX-Redirect for htmx."""
    target = url_for(endpoint, **values)
    if is_partial():
        return Response(status=204, headers={"HX-Redirect": target})
    answer = redirect(target, 303)
    assert isinstance(answer, Response)  # noqa: S101 - narrows werkzeug's type to Flask's
    return answer
