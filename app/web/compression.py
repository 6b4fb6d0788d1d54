"""Pages and static files are sent compressed, so that a phone on a slow net need not wait.

What compression could give away: whoever watches the line sees lengths. Two rules keep that from telling anything.

- A page whose address carries a query is sent as it is. Nothing that an outsider chose stands in a compressed page
  beside a token or an answer, so lengths cannot be used to guess them letter by letter (BREACH). A form cannot bring it
  either: one sent from elsewhere comes without our cookie. A token is also signed anew every second.
- A compressed page is filled up to a round length, since its own would change with the answers chosen on it.
"""

from __future__ import annotations

import gzip
from functools import cache

from flask import Flask, Response, request

STEP_BYTES = 1024
_NOT_WORTH_IT = 600
"""Bytes of a page that is sent as it is."""
_STATIC = (".css", ".js", ".svg")


def init_app(app: Flask) -> None:
    @app.after_request
    def compress(response: Response) -> Response:
        is_file = _is_static(response)
        if not is_file and not _is_page(response):
            return response
        response.vary.add("Accept-Encoding")
        if not request.accept_encodings["gzip"]:
            return response
        response.direct_passthrough = False
        content = response.get_data()
        response.set_data(_packed_file(content) if is_file else filled_up(gzip.compress(content, 6, mtime=0)))
        response.headers["Content-Encoding"] = "gzip"
        if is_file:
            response.set_etag(str(response.get_etag()[0]), weak=True)  # the same content in other bytes
        return response


@cache
def _packed_file(content: bytes) -> bytes:
    """As small as it gets, once per content."""
    return gzip.compress(content, 9, mtime=0)


def filled_up(packed: bytes) -> bytes:
    """The same gzip stream at a multiple of STEP_BYTES: what is added stands where a file name may stand (RFC 1952)."""
    name = b"-" * (-(len(packed) + 1) % STEP_BYTES)
    return packed[:3] + b"\x08" + packed[4:10] + name + b"\0" + packed[10:]


def _is_static(response: Response) -> bool:
    is_file = request.endpoint == "static" and response.status_code == 200
    return is_file and (request.view_args or {})["filename"].endswith(_STATIC)


def _is_page(response: Response) -> bool:
    """One that an outsider could not put words into, and that is rendered whole: no file, no stream."""
    if response.mimetype != "text/html" or response.direct_passthrough or request.query_string:
        return False
    return (response.content_length or 0) >= _NOT_WORTH_IT
