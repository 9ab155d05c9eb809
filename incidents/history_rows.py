"""Reads rows of incident history: names of columns, times, states and lists of names.

Exports name their columns in many ways and languages. Heads are compared without case, accents
and punctuation: “Created At (UTC)”, “createdAt” and “created_at” are one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError

from common.day_numbers import day_number, moment_of_day_number
from common.time_ranges import length_in
from common.times import is_only_a_day, parse_time
from common.written_times import (
    DateOrder,
    WrittenTime,
    is_ambiguous,
    read_written_time,
    without_accents,
    zone_named,
)
from incidents.history_columns import CLOCKS, COLUMNS, DAYS, LENGTHS, REQUIRED, TIME_FIELDS
from incidents.severities import severity_in_labels

DATE_ORDERS = ("day-first", "month-first")
ONLY_A_DAY = "only the day is known"

Update = tuple[datetime, str, str]
"""Time, state or author, and text."""

_OPEN = set(
    """
    open opened new triggered acknowledged investigating identified monitoring ongoing active
    firing unresolved to_do todo in_progress reopened pending on_hold waiting escalated triage
    assigned started watching work_in_progress offen neu in_arbeit in_bearbeitung zu_erledigen
    wartend ouvert nouveau en_cours abierto abierta nuevo en_curso declared detected
    """.split()
)
_OVER = set(
    """
    resolved closed done solved fixed completed complete finished postmortem post_incident review
    canceled cancelled merged erledigt fertig geschlossen gelost behoben abgeschlossen resolu ferme
    termine clos resuelto cerrado hecho
    """.split()
)
_MITIGATED = {"mitigated", "monitoring", "stable", "watching"}
_NO_RESOLUTION = _OVER | set(
    """
    won_t_do won_t_fix duplicate cannot_reproduce declined unresolved known_error not_a_bug auto
    auto_resolved merge_resolve_reason resolve_reason
    """.split()
)
"""Words of trackers for how an entry was closed, which say nothing of what was done."""
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_NO_TIMES = {"", "-", "n/a", "na", "none", "null", "true", "false", "yes", "no", "never", "tbd"}
"""What a column of times holds where there is none, or where it says whether, not when."""
_CUSTOM = (
    "custom_field_", "benutzerdefiniertes_feld_", "champs_personnalises_", "champ_personnalise_",
    "campo_personalizado_",
)  # fmt: skip
"""What Jira writes before the name of a field that a team added: “Custom field (Root cause)”."""
_IN_BRACKETS = re.compile(r"[(\[]([^()\[\]]{1,40})[)\]]\s{0,5}:?\s{0,5}$")


@dataclass(frozen=True)
class RowOptions:
    """What whoever exported the rows knows and the rows do not say."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    """From our field to its column or key."""
    zone: tzinfo = UTC
    """Of times without an offset."""
    order: DateOrder = ""
    day_numbers: bool = False
    """Whether 45292.4166667 is a time, as in the table that these rows are from."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Custom fields, from the name to the label: a column may be called by either."""


DEFAULTS = RowOptions()


def mapping_of(pairs: Iterable[str], fields: Collection[str]) -> dict[str, str]:
    """Pairs such as title=Headline as a mapping. Raises ValidationError for an unknown field."""
    mapping = dict(pair.partition("=")[::2] for pair in pairs)
    if unknown := set(mapping) - set(fields):
        named = f"--map knows no field {', '.join(sorted(unknown))}."
        raise ValidationError({"mapping": f"{named} Fields: {', '.join(fields)}."})
    return mapping


def options_from(
    mapping: Mapping[str, str], zone: str = "", order: str = "", fields: Mapping[str, str] = {}
) -> RowOptions:
    """Options as a form, request or command has them. Raises ValidationError by field."""
    found = zone_named(zone) if zone else UTC
    if found is None:
        raise ValidationError({"zone": f"There is no time zone {zone!r}. Write Europe/Berlin."})
    if order and order not in DATE_ORDERS:
        raise ValidationError({"dates": f"Choose one of {', '.join(DATE_ORDERS)}."})
    return RowOptions(dict(mapping), found, order, fields=fields)  # type: ignore[arg-type]


@dataclass
class PastIncident:
    """One past incident as an export describes it."""

    external_id: str
    title: str
    impact_started_at: datetime | None = None
    symptom: str = ""
    resolution: str = ""
    severity: str = ""
    """the export's own word for it"""
    detected_at: datetime | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    services: list[str] = field(default_factory=list)
    external_url: str = ""
    updates: list[Update] = field(default_factory=list)
    status: str = ""
    """the export's own word for it"""
    mentions: list[str] = field(default_factory=list)
    """Labels and tags: a service only where one of this name exists."""
    guessed_times: dict[str, str] = field(default_factory=dict)
    """How a time was guessed, by name of the time."""
    custom_fields: dict[str, str] = field(default_factory=dict)
    """By the name of a custom field, what its column holds."""


@lru_cache(4096)
def canonical_head(head: str) -> str:
    """A head as it is compared: without case, accents, punctuation and a zone behind it.

    >>> canonical_head("Created At (UTC)"), canonical_head("createdAt"), canonical_head("Priorität")
    ('created_at', 'created_at', 'prioritat')
    """
    head = without_accents(head[:100].replace("ß", "ss"))
    bracketed = _IN_BRACKETS.search(head)
    if bracketed and zone_named(bracketed[1]):
        head = head[: bracketed.start()]
    name = _NOT_A_WORD.sub("_", _WORD_BREAK.sub("_", head).lower()).strip("_")
    return next((name[len(each) :] for each in _CUSTOM if name.startswith(each)), name)


def zone_of_head(head: str) -> tzinfo | None:
    """The zone that a head names: “Created At (UTC)”."""
    bracketed = _IN_BRACKETS.search(head[:100])
    return zone_named(bracketed[1]) if bracketed else None


def columns_of(heads: Iterable[str], mapping: Mapping[str, str]) -> dict[str, list[str]]:
    """By field of ours: the heads that may hold it, best first. A mapped one is the only one."""
    return _columns_of(tuple(heads), tuple(mapping.items()))


@lru_cache(256)
def _columns_of(
    heads: tuple[str, ...], mapped: tuple[tuple[str, str], ...]
) -> dict[str, list[str]]:
    mapping = dict(mapped)
    by_name: dict[str, list[str]] = {}
    for head in heads:
        by_name.setdefault(canonical_head(head), []).append(head)
    found = {}
    for name, aliases in COLUMNS.items():
        if name in mapping:
            wanted = mapping[name]
            found[name] = by_name.get(canonical_head(wanted), [wanted])
        else:
            found[name] = [head for alias in aliases for head in by_name.get(alias, [])]
    return found


def missing_columns(heads: list[str], mapping: Mapping[str, str]) -> str:
    """Which needed column a table lacks, in words with the heads found and the cure; or empty."""
    columns = columns_of(heads, mapping)
    named = {canonical_head(head) for head in heads}
    wrong = [each for each in mapping.values() if canonical_head(each) not in named]
    missing = [name for name in REQUIRED if not columns[name]]
    listed = ", ".join(heads[:40])[:600]
    if wrong:
        return f"There is no column {', '.join(wrong)}. Its heads are: {listed}."
    if missing:
        options = " ".join(f"--map {name}=COLUMN" for name in missing)
        return f"No column is known as {', '.join(missing)}. Its heads are: {listed}. Use {options}"
    return ""


def parse_row(
    row: Mapping[str, Any],
    options: RowOptions | Mapping[str, str] = DEFAULTS,
    orders: Mapping[str, DateOrder] | None = None,
) -> PastIncident:
    """A row of an export as a past incident. Raises ValidationError with the field and value.

    `options` may be a bare mapping; `orders` are those of `written_as`.
    """
    if not isinstance(options, RowOptions):
        options = RowOptions(options)
    columns = columns_of(row, options.mapping)
    fields: dict[str, Any] = {}
    guessed: dict[str, str] = {}
    for name, heads in columns.items():
        filled = [head for head in heads if row.get(head) not in (None, "", [])]
        value = row[filled[0]] if filled else None
        if name in TIME_FIELDS:
            fields[name], only_a_day = _time_in_row(name, filled, row, options, orders or {})
            if only_a_day:
                guessed[name] = ONLY_A_DAY
        elif name not in ("services", "updates", "mentions"):
            fields[name] = text_of(value)
        else:
            fields[name] = value
    start = fields["impact_started_at"]
    if start and fields["resolved_at"] is None and (length := _length_in_row(row)):
        fields["resolved_at"] = start + length
        if "impact_started_at" in guessed:
            guessed["resolved_at"] = ONLY_A_DAY
    if fields["symptom"] == fields["title"]:
        fields["symptom"] = ""
    if canonical_head(fields["resolution"]) in _NO_RESOLUTION:
        fields["resolution"] = ""
    fields["services"] = names_of(fields["services"])
    fields["mentions"] = names_of(fields["mentions"])
    fields["severity"] = fields["severity"] or severity_in_labels(fields["mentions"])
    fields["updates"] = updates_of(fields["updates"])
    custom = _custom_fields(row, options)
    return PastIncident(**fields, guessed_times=guessed, custom_fields=custom)


def _time_in_row(
    name: str,
    heads: list[str],
    row: Mapping[str, Any],
    options: RowOptions,
    orders: Mapping[str, DateOrder],
) -> tuple[datetime | None, bool]:
    """The time of a field, and whether only its day is known. Raises ValidationError.

    `heads`: its columns that are filled, best first. One that holds a length or a count is passed
    over; a clock alone is of the day in another column, and a start may have its clock in one.
    """
    problem: ValidationError | None = None
    for head in heads:
        value = row[head]
        order = options.order or orders.get(head, "")
        own = replace(options, zone=zone_of_head(head) or options.zone, order=order)
        written = _written(value, order)
        if written and written.day is None and (day := _day_in_row(row, options, orders)):
            return written.moment(own.zone, day), False
        try:
            at = time_of(name, value, own)
        except ValidationError as error:
            if day_number(value) is None:
                raise
            problem = problem or error
            continue
        only_a_day = bool(at) and (is_only_a_day(value) or _is_whole(day_number(value)))
        if only_a_day and name == "impact_started_at" and (clock := _clock_in_row(row)):
            day = written.day if written else None
            return (clock.moment(own.zone, day), False) if day else (at, True)
        return at, only_a_day
    if problem:
        raise problem
    return None, False


def _cells(row: Mapping[str, Any], names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """(head, value) of the filled columns with one of the names, in the order of these."""
    by_name = {canonical_head(head): head for head in row}
    for name in names:
        if (head := by_name.get(name)) and text_of(row[head]):
            yield head, row[head]


def _day_in_row(
    row: Mapping[str, Any], options: RowOptions, orders: Mapping[str, DateOrder]
) -> date | None:
    for head, value in _cells(row, DAYS):
        written = _written(value, options.order or orders.get(head, ""))
        if written and written.day:
            return written.day
    return None


def _written(value: Any, order: DateOrder = "") -> WrittenTime | None:
    return read_written_time(value, order) if isinstance(value, str) else None


def _clock_in_row(row: Mapping[str, Any]) -> WrittenTime | None:
    found = (_written(value) for _, value in _cells(row, CLOCKS))
    return next((each for each in found if each and each.clock and each.day is None), None)


def _length_in_row(row: Mapping[str, Any]) -> timedelta | None:
    for head, value in _cells(row, LENGTHS):
        if length := length_in(f"{text_of(value)} {LENGTHS[canonical_head(head)]}".strip()):
            return length
    return None


def _custom_fields(row: Mapping[str, Any], options: RowOptions) -> dict[str, str]:
    """The columns that are called like a custom field, or mapped to one, and have a value."""
    if not options.fields:
        return {}
    by_head = {canonical_head(head): text_of(value) for head, value in row.items()}
    found = {}
    for name, label in options.fields.items():
        heads = [options.mapping[name]] if name in options.mapping else [name, label]
        values = (by_head.get(canonical_head(head)) for head in heads)
        if value := next(filter(None, values), ""):
            found[name] = value
    return found


def is_over(past: PastIncident) -> bool | None:
    """Whether its state says that it is over; None if the state is missing or unknown."""
    if past.resolved_at:
        return True
    state = canonical_head(past.status)
    words = {state, state.partition("_")[0]}
    return True if words & _OVER else False if words & _OPEN else None


def is_mitigated(past: PastIncident) -> bool:
    return canonical_head(past.status) in _MITIGATED


def updates_of(value: Any) -> list[Update]:
    """Updates of a status page in the order in which they were shown."""
    rows = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    return sorted((update for each in rows if (update := _update(each))), key=lambda row: row[0])


def _update(row: dict[str, Any]) -> Update | None:
    names = ("display_at", "at", "occurred_at", "started", "created_at", "createdAt", "time")
    at = time_of("updates", next((row[name] for name in names if row.get(name)), None))
    text = text_of(row.get("message") or row.get("body") or row.get("text"))
    return (at, text_of(row.get("human_status") or row.get("status")), text) if at else None


def text_of(value: Any) -> str:
    """A value as text; of a text in several languages the default, English or first one."""
    if isinstance(value, dict) and value and all(isinstance(each, str) for each in value.values()):
        value = value.get("default") or value.get("en") or next(iter(value.values()))
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        value = "\n\n".join(value)
    return "" if value is None else str(value).replace("\x00", "").strip()


def names_of(value: Any) -> list[str]:
    """Names in a list, or in a text with commas, semicolons or bars between them."""
    if isinstance(value, str):
        value = value.replace(";", ",").replace("|", ",").split(",")
    if not isinstance(value, list):
        return []
    names = [v.get("name", "") if isinstance(v, dict) else v for v in value]
    return list(dict.fromkeys(text[:100] for name in names if (text := text_of(name))))


def clean_service_name(given: str) -> str:
    """The name without characters that a service's name may not have; empty if none are left."""
    return " ".join(re.sub(r"[^A-Za-z0-9 ._:/@-]+", " ", given).split()).lstrip(" ._:/@-")[:100]


def time_of(name: str, value: Any, options: RowOptions = DEFAULTS) -> datetime | None:
    """The time that a field holds; None where it is empty. Raises ValidationError by field."""
    if value is None or (isinstance(value, bool | str) and str(value).lower() in _NO_TIMES):
        return None
    number = day_number(value)
    if number is not None and options.day_numbers:
        return moment_of_day_number(number, options.zone)
    found = parse_time(value, options.zone, order=options.order)
    if found is None:
        shown = repr(text_of(value)[:60])
        if number is not None:
            text = f"{shown} may be the day number of a spreadsheet, or no time at all"
            cure = "give its column a format with date and time, and export it again."
            raise ValidationError({name: f"{text}: {cure}"})
        if isinstance(value, str) and is_ambiguous(value):
            text = f"{shown} has the day or the month first: say which with --dates day-first or "
            raise ValidationError({name: f"{text}--dates month-first."})
        raise ValidationError({name: f"{shown} is not a time such as 2026-03-01T02:57Z."})
    return found


def _is_whole(number: float | None) -> bool:
    return number is not None and number == int(number)
