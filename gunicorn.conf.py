"""gunicorn reads this file from the folder it is started in, so that each way of running has it."""

worker_class = "config.web_worker.BufferingWorker"
