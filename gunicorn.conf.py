"""gunicorn reads this file from the folder it is started in, so that each way of running has it."""

import fcntl
import gc
import os
from pathlib import Path
from typing import Any

from config.observability.logs import web_server_logging

# Nothing of what is loaded is garbage, and searching it took a quarter of the start.
# `config.wsgi` turns it on again.
gc.disable()

worker_class = "config.web_worker.BufferingWorker"
logconfig_dict = web_server_logging()


def on_starting(_: Any) -> None:
    """Wait for what bin/up does to the database, which it locks a file for; all is loaded now."""
    if lock := os.environ.get("CAUSEBOOK_SERVES_AFTER"):
        with Path(lock).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)


def post_worker_init(_: Any) -> None:
    # Not before Django's settings are read.
    from config.observability.web_server import watch_in_background

    watch_in_background()
