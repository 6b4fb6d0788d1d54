"""The entry point for a WSGI server and for the `flask` command."""

from app import create_app

app = create_app()
