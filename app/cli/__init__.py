"""The commands: each parses, calls a service, prints."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.cli import demo, maintenance, reports, research, surveys, units, verification

    for module in (surveys, units, demo, reports, research, maintenance, verification):
        module.init_app(app)
