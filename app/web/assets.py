"""Addresses of static files that change with their content, so that a browser may keep them for a year."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, request


def init_app(app: Flask) -> None:
    folder = Path(str(app.static_folder))
    address = str(app.static_url_path)

    @cache
    def fingerprint(name: str) -> str:
        return hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12]

    @app.template_global()
    def asset(name: str) -> str:
        """The address of static file `name`."""
        return f"{request.script_root}{address}/{name}?v={fingerprint(name)}"
