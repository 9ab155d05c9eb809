"""Grafana alerting, contact point “Webhook”."""

from __future__ import annotations

from common.signing import Hmac
from incidents.webhooks.alertmanager import alerts_of
from incidents.webhooks.base import Event, Incoming, Webhook


class Grafana(Webhook):
    kind = "grafana"
    title = "Grafana alerting"
    scheme = Hmac(
        "x-grafana-alerting-signature",
        time_header="x-grafana-alerting-timestamp",
        time_optional=True,
    )

    def read(self, incoming: Incoming) -> list[Event]:
        return alerts_of(incoming.json())
