"""Subjects whose words for "it ended" are their product's own, such as monit's "Exists nginx"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from common.alert_fields import azure_severity
from common.alert_states import State


@dataclass(frozen=True)
class Shape:
    name: str
    state: State | None = None
    """None: the words of the name say it."""
    severity: str = ""


_AZURE = re.compile(
    r"(?:\S+:\s?)?(?P<state>Fired|Resolved|Activated|Deactivated):? ?(?P<sev>Sev ?\d) "
    r"Azure Monitor Alert (?P<name>[^()]{1,250}?) ?(?:\([^()]{0,120}\))?"
    r"(?: at \d[\d/ :.APM-]{5,30})?$",
    re.IGNORECASE,
)
_KUMA = re.compile(
    r"\[(?P<name>[^\[\]]{1,200})\] ?\[ ?(?P<emoji>🔴|✅|🟢|🚧|🟡|⚠️?|⏸️?) ?[^\[\]]{1,30}\] ?"
    r".{0,300}"
)
_LIBRENMS = re.compile(
    r"Alert for device (?P<host>\S{1,100}) [-–] (?P<name>.{1,200})"
    r"|Device (?P<host2>\S{1,100}) (?P<news>recovered from|acknowledged|got worse|got better) "
    r"(?P<name2>.{1,200})"
)
_NETDATA = re.compile(
    r"(?P<host>\S{1,100}) (?P<news>is critical|needs attention|recovered) - "
    r"(?P<name>\S.{0,150}?) - (?P<chart>[\w-]{1,60}\.\S{1,100})"
)
"""Host, news, alarm and chart."""
_MONIT = re.compile(r"(?:.{0,80} )?monit alert(?: on \S{1,80})? --? +(?P<event>.{1,250})")
_MONIT_EVENT = re.compile(
    r"(?P<alone>Does not exist|Exists|Invalid type|Timeout(?! recovery))(?: (?P<of>.{1,200}))?"
    r"|(?P<topic>[A-Za-z][A-Za-z ]{1,40}?) (?P<how>not changed|changed not|changed|failed|succeeded"
    r"|matched|exceeded|error|down|up|ok|match|doesn't match|recovery|done)"
    r"(?: (?P<service>.{1,200}))?",
    re.IGNORECASE,
)
_ENDED_IN_MONIT = ("succeeded", "up", "recovery", "ok", "not changed", "changed not")
_UPDATE = re.compile(r"Updated problem in [^:]{1,40}: (?P<name>.{1,250})")
_MDADM = re.compile(r"(?P<event>\w{3,30}) event on (?P<array>/dev/\S{1,60}?:\S{1,100})")
_SMARTD = re.compile(r"SMART error \((?P<event>\w{1,40})\) detected on host: (?P<host>\S{1,100})")
_POWER_LOST = re.compile(
    r"power failure|on battery(?: power)?|utility power (?:lost|failed)"
    r"|lost utility power|power lost",
    re.I,
)
_POWER_BACK = re.compile(
    r"power (?:has )?(?:been )?(?:returned|restored|recovered)"
    r"|(?:on|back on) (?:line|mains)(?: power)?|no longer on battery|off battery",
    re.I,
)
_OPPOSITES = [
    (
        re.compile(
            r"(?:went|is|rose)(?: still)? (?:above|over|below|under) (?:the )?threshold.{0,80}"
        ),
        re.compile(r"(?:restored|returned|back) to normal(?: threshold)?.{0,80}"),
    ),
    (
        re.compile(r"\b(?:communications?|connection|contact|signal|link|quorum)(?: with \S+)? lost"
                   r"\b|\blost (?:communications?|connection|contact|signal|quorum)\b", re.I),
        re.compile(r"\b(?:communications?|connection|contact|signal|link|quorum)(?: with \S+)? "
                   r"(?:re-?established|restored|regained|established)\b", re.I),
    ),
]  # fmt: skip


def known_shape(subject: str) -> Shape | None:
    """What a subject of a product with words of its own says; None for all others."""
    return next((shape for read in _READERS if (shape := read(subject))), None)


def _update(subject: str) -> Shape | None:
    """Zabbix mails every comment; whether it acknowledges is said in the text of the mail."""
    found = _UPDATE.match(subject)
    return Shape(found["name"], State.NO_NEWS) if found else None


def _azure(subject: str) -> Shape | None:
    found = _AZURE.match(subject)
    if found is None:
        return None
    fired = found["state"].lower() in ("fired", "activated")
    state = State.FIRING if fired else State.ENDED
    return Shape(found["name"].strip(), state, azure_severity(found["sev"]) if fired else "")


def _netdata(subject: str) -> Shape | None:
    found = _NETDATA.fullmatch(subject)
    if found is None:
        return None
    severity = {"is critical": "critical", "needs attention": "warning"}.get(found["news"], "")
    state = State.FIRING if severity else State.ENDED
    return Shape(f"{found['host']}: {found['name']} - {found['chart']}", state, severity)


def _kuma(subject: str) -> Shape | None:
    found = _KUMA.fullmatch(subject)
    if found is None:
        return None
    states = {"🔴": State.FIRING, "✅": State.ENDED, "🟢": State.ENDED}
    state = states.get(found["emoji"], State.NO_NEWS)
    return Shape(found["name"], state)


def _librenms(subject: str) -> Shape | None:
    found = _LIBRENMS.fullmatch(subject)
    if found is None:
        return None
    state = {"recovered from": State.ENDED, "acknowledged": State.ACKNOWLEDGED}
    name, host = found["name"] or found["name2"], found["host"] or found["host2"]
    return Shape(f"{host}: {name}", state.get(found["news"] or "", State.FIRING))


def _monit(subject: str) -> Shape | None:
    found = _MONIT.fullmatch(subject)
    if found is None:
        return None
    event = _MONIT_EVENT.fullmatch(found["event"].strip())
    if event is None:
        return Shape(found["event"])
    if event["alone"]:
        what, ended = event["alone"].lower(), event["alone"].lower() == "exists"
    else:
        what, ended = event["topic"].lower(), event["how"].lower() in _ENDED_IN_MONIT
    # The words of the end differ from those of the beginning.
    what = {"exists": "does not exist", "invalid type": "type"}.get(what, what)
    name = f"{event['of'] or event['service'] or 'monit'}: {what}"
    if what in ("action", "instance", "monit instance"):
        return Shape(name, State.NO_NEWS)
    return Shape(name, State.ENDED if ended else State.FIRING)


def _mdadm(subject: str) -> Shape | None:
    found = _MDADM.search(subject)
    if found is None:
        return None
    event = found["event"].lower()
    state = State.FIRING
    if event in ("rebuildfinished", "spareactive", "newarray"):
        state = State.ENDED
    elif event.startswith(("rebuild", "movespare", "test")):
        state = State.NO_NEWS
    return Shape(f"RAID {found['array']}", state)


def _smartd(subject: str) -> Shape | None:
    found = _SMARTD.search(subject)
    if found is None:
        return None
    state = State.NO_NEWS if "test" in found["event"].lower() else State.FIRING
    return Shape(f"SMART {found['event']} on {found['host']}", state)


def _power(subject: str) -> Shape | None:
    if not re.search(r"\bUPS\b", subject, re.I):
        return None
    for pattern, state in ((_POWER_BACK, State.ENDED), (_POWER_LOST, State.FIRING)):
        if pattern.search(subject):
            rest = " ".join(pattern.sub(" ", subject).replace("!", " ").split())
            return Shape(f"{rest}: power lost", state)
    return None


def opposite_in(subject: str) -> Shape | None:
    """Pairs of phrases such as "communication lost" and "communication restored"."""
    for firing, ended in _OPPOSITES:
        for pattern, state in ((firing, State.FIRING), (ended, State.ENDED)):
            found = pattern.search(subject)
            if found:
                return Shape(pattern.sub(" ", subject), state)
    return None


_READERS: list[Callable[[str], Shape | None]] = [
    _update, _azure, _netdata, _kuma, _librenms, _monit, _mdadm, _smartd, _power,
]  # fmt: skip
