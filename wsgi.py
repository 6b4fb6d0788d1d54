"""The entry point for a WSGI server and for the `flask` command."""

import sys

from app import create_app
from app.config.reading import ConfigError

try:
    app = create_app()
except ConfigError as error:  # one sentence for whoever starts it, in the server's log too
    sys.exit(f"Error: {error}")
