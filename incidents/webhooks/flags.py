"""Feature flags of LaunchDarkly, by its signed webhooks."""

from __future__ import annotations

from typing import Any

from common.environments import is_production
from common.payloads import dig, time_at
from common.placeholders import required_text, text
from common.signing import Hmac
from incidents.webhooks.base import ChangeEvent, Event, Ignored, Incoming, Webhook, change_id


class Flags(Webhook):
    """Which service a flag belongs to is a rule by the flag's name, or its tag `service:…`."""

    kind = "flags"
    title = "Feature flags (LaunchDarkly)"
    brings = "changes"
    scheme = Hmac("x-ld-signature")

    def read(self, incoming: Incoming) -> list[Event]:
        data = incoming.json()
        if required_text(data, "kind") != "flag":
            return [Ignored("No flag was changed.")]
        if _only_describes(data):
            return [Ignored("What the flag is called or described as changes nothing that runs.")]
        name = required_text(data, "name", 200)
        names = _resources(data)
        service = next((t.rpartition("service:")[2] for t in names if "service:" in t), "")
        return [
            ChangeEvent(
                title=text(data, "title") or f"Flag {name} was changed",
                service=service.partition(",")[0].partition(";")[0][:100],
                job=name,
                kind="flag",
                author=text(data, "member.email", 200),
                started_at=time_at(data, "date"),
                external_id=change_id(_part(names, "proj"), text(data, "_id", 150))
                if text(data, "_id")
                else "",
                environment=_environment(names),
            )
        ]


def _resources(data: Any) -> list[str]:
    """Resources such as `proj/shop:env/production:flag/x;service:checkout`, wherever they are."""
    found: list[str] = []
    for path in ("target.resources", "accesses", "currentVersion.tags"):
        values = dig(data, path, [])
        for value in values[:50] if isinstance(values, list) else []:
            found.append(text(value, "resource" if isinstance(value, dict) else ""))
    return [each for each in found if each]


def _only_describes(data: Any) -> bool:
    """Whether name, description, tags or links of the flag were all that was edited."""
    values = dig(data, "accesses", [])
    actions = [text(each, "action") for each in values] if isinstance(values, list) else []
    words = ("Description", "Tags", "Name", "Maintainer", "FlagLink", "Followers")
    return bool(actions) and all(action.endswith(words) for action in actions)


def _part(resources: list[str], name: str) -> str:
    for resource in resources:
        for part in resource.split(":"):
            if part.startswith(f"{name}/"):
                return part.removeprefix(f"{name}/").partition(";")[0][:100]
    return ""


def _environment(resources: list[str]) -> str:
    """The environment; production where a flag was changed in several."""
    found = [part for each in resources if (part := _part([each], "env")) and part != "*"]
    found.sort(key=lambda name: is_production(name) is not True)
    return found[0] if found else ""
