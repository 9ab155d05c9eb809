"""gunicorn reads this file from the folder it is started in, so that each way of running has it."""

import gc
from typing import Any

from config.observability.logs import web_server_logging

# Nothing of what is loaded is garbage, and searching it took a quarter of the start.
# `config.wsgi` turns it on again.
gc.disable()

worker_class = "config.web_worker.BufferingWorker"
logconfig_dict = web_server_logging()


def post_worker_init(_: Any) -> None:
    # Not before Django's settings are read.
    from config.observability.web_server import watch_in_background

    watch_in_background()
