"""The commands: each parses, calls a service, prints."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    from app.cli import (
        backup,
        database,
        demo,
        doctor,
        mail,
        maintenance,
        orders,
        organisations,
        reports,
        research,
        staff,
        surveys,
        units,
        verification,
    )

    commands = (surveys, orders, organisations, staff, mail, units, demo, reports, research, maintenance, verification)
    for module in (*commands, doctor, backup, database):
        module.init_app(app)
