"""Pages with several incidents, as word processors, wikis and status pages save them."""

from __future__ import annotations

from dataclasses import dataclass

_TWO = [("2026-02-03 00:00", "Queue stuck"), ("2026-01-20 00:00", "Disk full")]
_CAUSES = ("A poison message", "Caches are never pruned")


@dataclass(frozen=True)
class Page:
    shape: str
    text: str
    entries: list[tuple[str, str]]
    causes: tuple[str, ...] = ()
    name: str = "page.html"

    def __str__(self) -> str:
        return self.shape


def _docs(before: str) -> str:
    """As Google Docs saves a document: classes, spans, and a heading that is empty."""
    return (
        "<html><head><style>.c0{color:#000}</style></head><body class='c8 doc-content'>" + before +
        "<h1 class='c5' id='h.1'><span class='c1'>2026-02-03 &ndash; Queue stuck</span></h1>"
        "<p><span class='c9'>Severity:</span><span>&nbsp;SEV2</span></p>"
        "<h2 id='h.2'><span>Root cause</span></h2><p><span>A poison message.</span></p>"
        "<h2><span></span></h2>"
        "<h1 class='c5' id='h.3'><span class='c1'>2026-01-20 &ndash; Disk full</span></h1>"
        "<h2><span>Root cause</span></h2><p><span>Caches are never pruned.</span></p></body></html>"
    )  # fmt: skip


LOGS = [
    Page(
        "Google Docs with a title",
        _docs("<p class='c3 title' id='h.0'><span>Incident log</span></p><p><span></span></p>"),
        _TWO,
        _CAUSES,
    ),
    Page("Google Docs without a title", _docs(""), _TWO, _CAUSES),
    Page(
        "Confluence",
        "<html><head><title>OPS : Outages 2026</title></head><body><div id='main-header'>"
        "<h1 id='title-heading'><span id='title-text'>OPS : Outages 2026</span></h1></div>"
        "<div id='content'><div class='page-metadata'>last modified on Apr 9, 2026</div>"
        "<div id='main-content'><h2 id='a'><time datetime='2026-02-03'>03 Feb 2026</time> Search "
        "down</h2><table><tbody><tr><th>Severity</th><td>SEV1</td></tr><tr><th>Start</th>"
        "<td>10:04 UTC</td></tr><tr><th>End</th><td>11:30 UTC</td></tr></tbody></table>"
        "<h3>Root cause</h3><p>A shard was lost.</p><h3>Action items</h3><ul "
        "class='inline-task-list'><li class='checked'><span>Add a replica</span></li>"
        "<li><span>Watch shards</span></li></ul>"
        "<h2><time datetime='2026-02-20'>20 Feb 2026</time> Mail late</h2><h3>Root cause</h3>"
        "<p>Greylisting.</p></div></div></body></html>",
        [("2026-02-03 10:04", "Search down"), ("2026-02-20 00:00", "Mail late")],
        ("A shard was lost", "Greylisting"),
    ),
    Page(
        "Notion, title and entries on one level",
        "<html><head><title>Incident log</title></head><body><article class='page sans'><header>"
        "<h1 class='page-title'>Incident log</h1></header><div class='page-body'>"
        "<h1>February 3, 2026 – Queue stuck</h1><p><strong>Cause:</strong> A poison message.</p>"
        "<h1><time>@January 20, 2026 2:30 PM</time>  Disk full</h1>"
        "<p><strong>Cause:</strong> Caches are never pruned.</p></div></article></body></html>",
        [("2026-02-03 00:00", "Queue stuck"), ("2026-01-20 14:30", "Disk full")],
        _CAUSES,
    ),
    Page(
        "Notion, folded parts",
        "<html><head><title>Outages</title></head><body><article><header><h1 class='page-title'>"
        "Outages</h1></header><div class='page-body'><details open=''><summary style="
        "'font-size:1.5em'>2026-02-03 Queue stuck</summary><div class='indented'>"
        "<h1>Root cause</h1><p>A poison message.</p><details><summary>Timeline</summary><ul>"
        "<li>10:04 first alert</li></ul></details></div></details>"
        "<details open=''><summary>2026-01-20 Disk full</summary><div class='indented'>"
        "<h2>Root cause</h2><p>Caches are never pruned.</p></div></details></div></article>",
        _TWO,
        _CAUSES,
    ),
    Page(
        "Outlook and Word, in German",
        "<html xmlns:o='urn:schemas-microsoft-com:office:office'><head><title>Störungen</title>"
        "<!--[if gte mso 9]><xml><o:x/></xml><![endif]--></head><body lang=DE><div "
        "class=WordSection1><p class=MsoTitle>St&ouml;rungen<o:p></o:p></p>"
        "<h2><a name='_Toc1'></a><span lang=DE>03.02.2026\n  10:04 Uhr &#8211; Suche "
        "gest&ouml;rt<o:p></o:p></span></h2><p class=MsoNormal><b>Ursache:</b> Ein Shard fehlte."
        "<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>"
        "<h2>05.02.2026 09:00 Uhr &#8211; Mail langsam<o:p></o:p></h2>"
        "<p class=MsoNormal><b>Ursache:</b> Greylisting.</p></div></body></html>",
        [("2026-02-03 10:04", "Suche gestört"), ("2026-02-05 09:00", "Mail langsam")],
        ("Ein Shard fehlte", "Greylisting"),
    ),
    Page(
        "MkDocs, with signs beside its headings",
        "<html><head><title>Incidents - Handbook</title></head><body><nav>x</nav><main><article>"
        "<h1 id='i'>Incidents<a class='headerlink' href='#i' title='Permanent link'>&para;</a></h1>"
        "<h2 id='a'>2026-02-03: Queue stuck<a href='#a' title='Permanent link'>&para;</a></h2>"
        "<p>A poison message.</p>"
        "<h2 id='b'>2026-01-20: Disk full<a href='#b' title='Permanent link'>#</a></h2>"
        "<p>Caches.</p></article></main></body></html>",
        _TWO,
    ),
    Page(
        "an index that is a log",
        "<!doctype html><title>Outages</title><body><h1>Outages</h1><h3>Feb 3, 2026: Queue stuck"
        "</h3><p>A message.</p><hr><h3>Jan 20, 2026: Disk full</h3><p>Caches.</p>",
        _TWO,
        name="index.html",
    ),
    Page(
        "days in labels below headings without one",
        "<html><head><title>Postmortems</title></head><body><h1>Postmortems</h1>"
        "<h2>Queue stuck</h2><p><b>Date:</b> 2026-02-03</p><p><b>Root cause:</b> A poison "
        "message.</p><h2>Disk full</h2><dl></dl><p><b>Date:</b> 2026-01-20</p>"
        "<p><b>Root cause:</b> Caches are never pruned.</p></body></html>",
        _TWO,
        _CAUSES,
    ),
    Page(
        "headings in sections, by year",
        "<html><head><title>Incident history</title></head><body><main><section><h1>Incident "
        "history</h1><section><h2>2026</h2><section><h3>3 February 2026 – Queue stuck</h3>"
        "<h4>Root cause</h4><p>A poison message.</p></section><section><h3>20 January 2026 – "
        "Disk full</h3><h4>Root cause</h4><p>Caches are never pruned.</p></section></section>"
        "</section></main></body></html>",
        _TWO,
        _CAUSES,
    ),
]

SINGLE = {
    "a timeline by day": "<html><head><title>Search outage</title></head><body><h1>Search outage"
    "</h1><h2>Timeline</h2><h3>2026-02-03 10:04</h3><p>Alert</p><h3>2026-02-04 08:00</h3>"
    "<p>Root cause: a shard</p></body></html>",
    "one heading of the first level": "<body><h1>Search outage</h1><p>Date: 2026-02-03</p>"
    "<h2>Root cause</h2><p>A shard.</p></body>",
    "two headings of the first level": "<body><h1>Search outage</h1><p>Date: 2026-02-03</p>"
    "<h1>Root cause</h1><p>A shard.</p></body>",
    "folded parts": "<title>Search outage</title><body><h1>Search outage</h1><p>Date: 2026-02-03"
    "</p><details><summary>Timeline</summary><p>10:04 alert</p></details><details><summary>Root "
    "cause</summary><p>A shard.</p></details></body>",
}


def _day(day: str, *incidents: str) -> str:
    month, number, year = day.split()
    return (
        "<div class='status-day font-regular'><div class='date border-color font-large'>"
        f"{month} <var data-var='date'> {number}</var>, <var data-var='year'>{year}</var></div>"
        f"{''.join(incidents) or '<p>No incidents reported.</p>'}</div>"
    )


def _incident(code: str, impact: str, title: str, *updates: tuple[str, str, str]) -> str:
    shown = "".join(
        f"<div class='update font-regular'><strong>{state}</strong> - <span>{text}</span><br>"
        f"<small>{at}</small></div>"
        for state, text, at in updates
    )
    return (
        f"<div class='incident-container'><div class='incident-title impact-{impact} font-large'>"
        f"<a class='whitespace-pre-wrap' href='/incidents/{code}'>{title}</a></div>"
        f"<div class='updates-container'>{shown}</div></div>"
    )


def _at(month: str, day: int, clock: str) -> str:
    return f"{month} <var data-var='date'>{day}</var>, <var data-var='time'>{clock}</var> UTC"


STATUS_PAGE = (
    "<!DOCTYPE html><html><head><title>Acme Status</title></head><body class='status index'>"
    "<div class='incidents-list'><a id='past-incidents' href='#past-incidents'>Past Incidents</a>"
    + _day("Jul 5 2026")
    + _day(
        "Jul 4 2026",
        _incident(
            "abc", "minor", "Deliveries late",
            ("Resolved", "The backlog has cleared.", _at("Jul", 4, "13:24")),
            ("Investigating", "We look into delayed deliveries.", _at("Jul", 4, "12:01")),
        ),
        _incident(
            "def", "maintenance", "Database upgrade",
            ("Completed", "Done.", _at("Jul", 4, "03:00")),
        ),
    )
    + _day(
        "Dec 31 2025",
        _incident(
            "ghi", "major", "Mail late",
            ("Resolved", "Mail is sent.", _at("Jan", 1, "00:30")),
            ("Investigating", "Mail is late.", _at("Dec", 31, "23:40")),
        ),
    )
    + "</div></body></html>"
)  # fmt: skip
