"""gunicorn reads this file from the folder it is started in, so that each way of running has it."""

from typing import Any

from config.observability.logs import web_server_logging

worker_class = "config.web_worker.BufferingWorker"
logconfig_dict = web_server_logging()


def post_worker_init(_: Any) -> None:
    # Not before Django's settings are read.
    from config.observability.web_server import watch_in_background

    watch_in_background()
