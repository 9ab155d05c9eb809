"""What each web process does besides serving: it notices when workers or beat are dead."""

from __future__ import annotations

import logging
import threading

from django.db import DatabaseError, InterfaceError, connection

from config.observability.own_incidents import check_if_due

CHECK_EVERY = 30.0
logger = logging.getLogger(__name__)


def watch_in_background() -> None:
    threading.Thread(target=_watch, name="own-checks", daemon=True).start()


def _watch() -> None:
    pause = threading.Event()
    while not pause.wait(CHECK_EVERY):
        try:
            check_if_due()
        except (DatabaseError, InterfaceError):
            logger.info("The database did not answer the product's own checks.")
        except Exception:
            # The next run may work; nobody would notice a thread that ended.
            logger.exception("The product could not check itself")
        finally:
            connection.close()
