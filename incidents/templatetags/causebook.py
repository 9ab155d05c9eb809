"""Template helpers for all packages."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.contrib.humanize.templatetags import humanize
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from common.language import in_sentence
from common.markdown import escape_markdown, render_markdown, with_breaks
from common.numbers import plain_number
from incidents.alerts.links import safe_links
from incidents.custom_fields.values import values_of
from incidents.models import FieldValue, Incident
from incidents.timeline import markdown_of

register = template.Library()
register.filter("markdown", render_markdown)
register.filter("plain", plain_number)
register.filter("with_breaks", with_breaks)
register.filter("markdown_of", markdown_of)
register.filter("links_of", safe_links)
register.filter("attributes", flatatt)
register.filter(in_sentence)


@register.filter
def ordinal(number: int) -> str:
    """As “3rd”, in the language of the page. Each time Django translates eleven words for it."""
    return _ordinal(number, get_language())


@lru_cache(maxsize=500)
def _ordinal(number: int, language: str | None) -> str:
    return str(humanize.ordinal(number))


@register.filter
def custom_cells(
    incident: Incident, columns: list[tuple[str, str]]
) -> list[tuple[str, FieldValue | None]]:
    """Label and value of an incident for each custom column, a pair of name and label."""
    values = {row.field.name: row for row in values_of(incident)}
    return [(label, values.get(name)) for name, label in columns]


@register.filter
def span(value: timedelta) -> str:
    """A duration in its two largest units: 1 d 4 h, 12 min, 40 s."""
    seconds = max(0, int(value.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86_400:
        hours, rest = divmod(seconds, 3600)
        return f"{hours} h {rest // 60} min" if rest >= 60 else f"{hours} h"
    days, rest = divmod(seconds, 86_400)
    return f"{days} d {rest // 3600} h" if rest >= 3600 and days < 10 else f"{days} d"


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """A time in the reader's zone, with its name; the browser adds another as a tooltip."""
    if value is None:
        return "–"
    local = timezone.localtime(value)
    shown = local.strftime("%Y-%m-%d %H:%M")
    return format_html(
        '<time datetime="{}">{} <small>{}</small></time>', value.isoformat(), shown, local.tzname()
    )


@register.filter
def clock(value: datetime) -> SafeString:
    """Only hour and minute, for lines below a date."""
    shown = timezone.localtime(value).strftime("%H:%M")
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), shown)


@register.filter
def zone(value: datetime | None) -> str:
    """How the reader's zone is called at a time, such as CET; without one, now."""
    return timezone.localtime(value).tzname() or "UTC"


@register.simple_tag
def time_zone() -> str:
    """The reader's zone as scripts and forms call it, such as Europe/Madrid."""
    return timezone.get_current_timezone_name()


@register.filter
def ago(value: datetime | None) -> str:
    if value is None:
        return _("never")
    passed = timezone.now() - value
    if passed < timedelta(0):
        return _("in %(span)s") % {"span": span(-passed)}
    return _("%(span)s ago") % {"span": span(passed)}


@register.filter
def minutes(value: float | None) -> str:
    """Minutes as a duration, or a dash for None."""
    return "–" if value is None else span(timedelta(minutes=value))


@register.filter
def seconds(value: float) -> str:
    """Seconds as a duration."""
    return span(timedelta(seconds=value))


@register.filter
def md(value: Any) -> str:
    """Text as it is, within Markdown: on one line and escaped."""
    return escape_markdown(" ".join(str(value).split()))


@register.filter
def shade(index: int) -> int:
    """The shade of a chart's part, of which there are twelve."""
    return index % 12


@register.filter
def percent(value: float) -> str:
    return f"{value * 100:.0f} %"


@register.simple_tag(takes_context=True)
def with_query(context: Any, **changes: Any) -> str:
    """The current query string with some parameters changed; empty values are dropped."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"
