"""QR codes of links."""

from __future__ import annotations

import segno
from markupsafe import Markup

QUIET = 4
"""Modules that stay white on every side; without them a code is not read."""

Modules = tuple[tuple[bool, ...], ...]


def qr_modules(link: str) -> Modules:
    """The squares of the code from the top left, True for dark; the quiet zone is not among them."""
    code = segno.make_qr(link, error="m")
    return tuple(tuple(bool(module) for module in row) for row in code.matrix)


def qr_svg(link: str, title: str) -> Markup:
    """The code as an image named `title`, for a page or a file; dark on white also in dark mode. Has no style."""
    modules = qr_modules(link)
    size = len(modules) + 2 * QUIET
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(modules) for x, is_dark in enumerate(row) if is_dark
    )
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        '<title>{title}</title><path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>'
    ).format(size=size, title=title, path=path)
