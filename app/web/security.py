"""What no browser sends is refused; response headers: what a browser may load, keep and tell others.

The only place that sets those headers.
"""

from __future__ import annotations

from flask import Flask, Response, abort, request

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
}
_KEEP_A_YEAR = "public, max-age=31536000, immutable"


def init_app(app: Flask, *, is_production: bool) -> None:
    headers = dict(_HEADERS)
    if is_production:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    # Without a referrer there is nothing to compare: the token in the form and the SameSite cookie are the protection.
    app.config["WTF_CSRF_SSL_STRICT"] = False

    app.before_request(_refuse_what_no_browser_sends)

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        response.headers["Cache-Control"] = _KEEP_A_YEAR if _is_named_by_content(response) else "no-store"
        return response


def _refuse_what_no_browser_sends() -> None:
    """A NUL, which PostgreSQL takes in no text, and a part of a form without a name, over which Flask-WTF fails."""
    if "\0" in request.path:
        abort(404)
    if request.endpoint is not None and request.method == "POST":
        for name, value in request.form.items(multi=True):
            if not isinstance(name, str) or "\0" in name + value:
                abort(400)


def _is_named_by_content(response: Response) -> bool:
    return request.endpoint == "static" and "v" in request.args and response.status_code in {200, 304}
