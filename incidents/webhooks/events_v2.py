"""PagerDuty Events API v2, at /v2/enqueue and /v2/change/enqueue."""

from __future__ import annotations

import hashlib
import re

from common import change_details, placeholders
from common.alert_fields import links_in, tags, web_links
from common.alert_names import alert_name
from common.change_details import Details, service_candidates
from common.ci_tools import is_tool
from common.monitor_links import MAX_URL, query_in_link
from common.payload_text import paragraphs, prose
from common.payloads import dig, listed, required_text, text, time_at, web_address
from incidents.webhooks.base import AlertEvent, ChangeEvent, Event, Ignored, Incoming, Webhook

MEANT = {"trigger": True, "acknowledge": True, "resolve": False}
DETAILS = "payload.custom_details"
_COMMIT = re.compile(r"[0-9a-f]{40}")


class EventsV2(Webhook):
    """The secret is the routing key in the body; the view copies it to the header of `Token`."""

    kind = "events_v2"
    title = "Events API v2 (PagerDuty compatible)"
    brings = "alerts and changes"

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        if dig(data, "event_action") is None and dig(data, "payload") is not None:
            return [_change(data)]
        action = required_text(data, "event_action")
        if action not in MEANT:
            return [Ignored(f"“event_action” {action!r} is none we know.")]
        firing = MEANT[action]
        if action == "trigger":
            required_text(data, "payload.summary", 1000)
        summary = text(data, "payload.summary", 1000)
        at = time_at(data, "payload.timestamp")
        named = _labels(data)
        return [
            AlertEvent(
                fingerprint=dedup_key(incoming),
                name=alert_name(summary) or text(data, "payload.class", 200) or "event",
                firing=firing,
                ends_at=None if firing else at or incoming.received_at,
                summary=summary,
                description=paragraphs(prose(data, "payload.custom_details"), *_about(data)),
                links=_links(data),
                severity=text(data, "payload.severity", 50),
                labels=named,
                group_key=text(data, "payload.group", 500),
                url=web_address(data, "client_url"),
                query=query_in_link(text(data, "client_url", MAX_URL)),
                acknowledged=action == "acknowledge",
            )
        ]


def _labels(data: object) -> dict[str, str]:
    """Custom details, then the fields of the event itself."""
    source = text(data, "payload.source", 200)
    own = {
        "component": text(data, "payload.component", 100),
        "host": "" if " " in source else source,
        "class": text(data, "payload.class", 200),
        "group": text(data, "payload.group", 200),
    }
    return {**{name: value for name, value in own.items() if value}, **tags(data, DETAILS)}


def _about(data: object) -> list[str]:
    about = {name: text(data, f"payload.{name}", 300) for name in ("source", "class", "group")}
    client = text(data, "client", 200)
    return [
        *(f"{name.capitalize()}: {value}" for name, value in about.items() if value),
        f"Sent by: {client}" if client else "",
    ]


def _links(data: object) -> tuple[tuple[str, str], ...]:
    named = [
        (text(each, "text", 100), text(each, "href", 2001)) for each in listed(data, "links")[:20]
    ]
    for each in listed(data, "images")[:10]:
        named.append((text(each, "alt", 100) or "image", text(each, "src", 2001)))
    return web_links(*named, *links_in(tags(data, DETAILS)))


def dedup_key(incoming: Incoming) -> str:
    """The sender's own key, or one derived from the body, as PagerDuty does."""
    given = text(incoming.json(), "dedup_key", 200)
    return given or hashlib.sha256(incoming.body).hexdigest()[:32]


def _change(data: object) -> ChangeEvent:
    details = Details(dig(data, "payload.custom_details"))
    source = placeholders.text(data, "payload.source", 200)
    links = dig(data, "links", [])
    hrefs = [web_address(link, "href") for link in (links[:10] if isinstance(links, list) else [])]
    candidates = service_candidates(details, hrefs, source)
    run = details.first(change_details.RUN, 90) or (
        source.partition("/")[2] if is_tool(source.partition("/")[0]) else ""
    )
    version = details.first(change_details.VERSION)
    component = placeholders.text(data, "payload.component", 100)
    return ChangeEvent(
        title=placeholders.required_text(data, "payload.summary"),
        service=(
            details.first(change_details.SERVICE, 100) or ("" if is_tool(component) else component)
        ),
        candidates=candidates,
        job=source or "/".join((*candidates[:1], *([run] if run else []))),
        job_name="/".join((candidates[0], run)) if candidates and run else "",
        version=version[:12] if _COMMIT.fullmatch(version) else version,
        author=details.first(change_details.AUTHOR),
        outcome=details.outcome(),
        started_at=time_at(data, "payload.timestamp"),
        url=web_address(data, "links.0.href"),
        environment=details.first(change_details.ENVIRONMENT, 100),
        branch=details.first(change_details.BRANCH),
        run=run,
        trigger=details.first(change_details.TRIGGER, 50),
    )
