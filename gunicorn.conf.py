"""gunicorn reads this file from the folder it is started in, so that each way of running has it."""

import gc

# Nothing of what is loaded is garbage, and searching it took a quarter of the start.
# `config.wsgi` turns it on again.
gc.disable()

worker_class = "config.web_worker.BufferingWorker"
