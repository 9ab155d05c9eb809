"""Links that came with an alert."""

from __future__ import annotations

from common.alert_fields import web_links
from incidents.models import Alert


def safe_links(alert: Alert) -> tuple[tuple[str, str], ...]:
    """Label and address of those that may be shown: http and https."""
    pairs = (pair for pair in alert.links if isinstance(pair, list | tuple) and len(pair) == 2)
    return web_links(*((str(label), str(address)) for label, address in pairs))
