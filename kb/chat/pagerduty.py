"""PagerDuty: notes on its incidents, their state, and who is on call.

As developer.pagerduty.com describes its REST API v2, as of November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from django import forms
from django.utils.translation import gettext_lazy as _

from common.payloads import BadPayload, dig, listed, text, time_at
from kb.chat.base import (
    Destination,
    Outbound,
    OutboundRequest,
    api_key_field,
    id_in,
    json_of,
    server_in_us_or_eu,
)
from kb.chat.pagers import (
    Get,
    Pager,
    PersonOnCall,
    acts_field,
    by_rota,
    reads_field,
    rotas_field,
)

ALREADY = {1001, 1002}
"""PagerDuty's codes for an incident that is resolved or acknowledged already."""
PAGE, MOST_PAGES = 100, 10
MAX_POLICIES = 50
"""Escalation policies in one question: more make its address too long."""


class PagerDutyForm(forms.Form):
    secret_fields = ("api_key",)
    api_key = api_key_field(_("A REST API key: Integrations → API Access Keys."))
    sender = forms.EmailField(
        label=_("From"),
        help_text=_("The mail address of a PagerDuty user: the notes are in that name."),
    )
    server = server_in_us_or_eu("pagerduty.com")
    acts = acts_field("PagerDuty")
    reads_on_call = reads_field()
    rotas = rotas_field("checkout = PABC123, the id of an escalation policy.")


class PagerDuty(Pager):
    """Where the alert came by the integration “PagerDuty webhooks V3”, whose id is PagerDuty's."""

    kind = "pagerduty"
    title = "PagerDuty (notes)"
    note_on = "pagerduty"
    states = {"incident.acknowledged": "acknowledged", "incident.resolved": "resolved"}
    most_at_once = 250
    SettingsForm = PagerDutyForm

    def auth_headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        return {
            "Authorization": f"Token token={secrets['api_key']}",
            "Accept": "application/vnd.pagerduty+json;version=2",
        }

    def request(
        self, to: Destination, path: str, body: dict[str, Any], method: str = "POST"
    ) -> OutboundRequest:
        made = super().request(to, path, body, method)
        return replace(made, headers={**made.headers, "From": to.settings["sender"]})

    def note(self, record: str, content: str, to: Destination) -> OutboundRequest:
        path = f"/incidents/{quote(record, safe='')}/notes"
        return self.request(to, path, {"note": {"content": content}})

    def change_states(
        self, state: str, records: Sequence[str], content: str, to: Destination
    ) -> Sequence[Outbound]:
        changed: dict[str, Any] = {"type": "incident_reference", "status": state}
        if state == "resolved":
            # PagerDuty adds it as a note.
            changed["resolution"] = content
        rows = [{"id": record, **changed} for record in records]
        return [self.request(to, "/incidents", {"incidents": rows}, "PUT")]

    def is_so_already(self, status: int, response: bytes) -> bool:
        try:
            return status == 400 and dig(json_of(response), "error.code") in ALREADY
        except BadPayload:
            return False

    def message_id(self, sent: Outbound, response: bytes) -> str:
        return id_in(response, "note.id")

    def on_call(
        self, get: Get, rotas: Mapping[str, str], names: Mapping[str, Sequence[str]]
    ) -> Iterator[PersonOnCall]:
        """By escalation policy: that of the service of the same name, where none was entered."""
        by_policy = by_rota(rotas)
        left = {name.lower(): name for name in names if name not in rotas}
        for row in _paged(get, "services", "services") if left else ():
            service = left.pop(text(row, "name").lower(), "")
            policy = text(row, "escalation_policy.id", 100)
            if service and policy:
                by_policy.setdefault(policy, []).append(service)
        policies = list(by_policy)
        for start in range(0, len(policies), MAX_POLICIES):
            chosen = [
                ("escalation_policy_ids[]", each) for each in policies[start : start + MAX_POLICIES]
            ]
            for row in _paged(get, "oncalls", "oncalls", ("include[]", "users"), *chosen):
                yield PersonOnCall(
                    by_policy.get(text(row, "escalation_policy.id", 100), []),
                    text(row, "user.name", 100) or text(row, "user.summary", 100),
                    text(row, "user.email", 200),
                    text(row, "schedule.summary", 100) or text(row, "escalation_policy.summary"),
                    int(text(row, "escalation_level", 2) or 1),
                    time_at(row, "end"),
                )

    def address_of(self, get: Get, person: str) -> str:
        return text(get(f"/users/{quote(person, safe='')}"), "user.email", 200)


def _paged(get: Get, path: str, key: str, *query: tuple[str, str]) -> Iterator[Any]:
    """The rows of a list of PagerDuty, of MOST_PAGES pages at most."""
    for page in range(MOST_PAGES):
        where = urlencode([*query, ("limit", PAGE), ("offset", page * PAGE)])
        data = get(f"/{path}?{where}")
        yield from listed(data, key)
        if dig(data, "more") is not True:
            break
