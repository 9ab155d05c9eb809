"""Postmortems in the shapes of public templates and of teams, in several languages.

Headings are those of the templates; what they say is invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.kb.importers.foreign_reports import (
    DUTCH,
    FRENCH,
    GERMAN,
    ITALIAN,
    PORTUGUESE,
    SPANISH,
)

SRE_BOOK_HEADINGS = """# Shop outage (incident 465)

### Date
2026-03-05

### Authors
ann, bob

### Status
Complete

### Summary
Search answered nothing for 62 minutes.

### Root Causes
A leak in the index server filled its memory.

### Trigger
A crawler asked for every page.

### Resolution
Traffic moved to the other cluster.

## Action Items

| Action Item | Type | Owner | Bug |
|---|---|---|---|
| Fix the leak | prevent | ann | [#1](https://bugs.example.com/1) |
| Alert on memory | detect | bob | |
| Rehearse the move | mitigate | bob | |

## Lessons Learned

### What went well
- the pager rang

### What went wrong
- no one knew the second cluster
- dashboards were slow

### Where we got lucky
- it was night
"""
TABLE_OF_TIMES = """# Search stopped

### Incident Timing
| Start Time      | 2026-03-05 10:04 UTC | Incident Detected By | alert |
|-----------------|----------------------|----------------------|-------|
| Detection Time  | 2026-03-05 10:07 UTC | Time to Detect (TTD) | 3 min |
| Mitigation Time | 2026-03-05 10:50 UTC | Time to Mitigate (TTM) | 46 min |
| Resolution Time | 2026-03-05 11:06 UTC | Time to Resolve (TTR) | 62 min |

### What caused the incident?

#### Trigger(s)
A deploy of the index.

#### Process Breakdown(s)
The canary was skipped.

#### Root Cause(s)
The new index format was unreadable to old nodes.

### Action Items & Followups
| Action Item | Type (Mitigate/ Prevent/ Process/ Other) | Who | Priority | Bug # | Due Date |
|---|---|---|---|---|---|
| Refuse deploys without canary | Prevent | eve | P1 | | 2026-04-01 |
"""
STATUS_HISTORY = """# 5 March 2026 - Search - errors in one region

## Summary of impact
Between 10:04 and 11:06 UTC on 5 March 2026 search failed for a part of users.

## Root cause and mitigation
A certificate of the load balancer had expired. Engineers renewed it.

## Next steps
- Renew certificates automatically
- Alert two weeks before
"""
LABELLED = """# Search outage

- **Date of incident:** 2026-03-05
- **Time detected:** 10:07 UTC
- **Time resolved:** 11:06 UTC
- **Start time:** 10:04 UTC
- **Severity:** P1 (search down)
- **Services affected:** search, index
- **Incident commander:** ann

**Root cause:** The disk of the index was full.

**Contributing factors:**
- the alert on disks was muted
- log rotation was off

## Follow-ups
- [x] Turn rotation on (owner: bob)
- [ ] Unmute the alert @eve due: 2026-04-01
"""
GITLAB_RCA = """## Incident Review

**Summary**

1. **Service(s) affected**: Web
1. **Time of incident**: 2026-03-05 10:04 UTC
1. **Duration**: 1 hour 2 minutes

### Root Cause Analysis

1. A query without an index locked the table.

### Corrective actions

- Add the index: https://gitlab.example.com/o/r/-/issues/7
"""
SCHOOL = """# Issue Summary

**Duration:** 05/03/2026 From 10:04 AM to 11:06 AM UTC

# Timeline
- 13/03/2026: review

# Root cause and resolution
## Root Cause:
- Error in the certificate file.
## Resolution:
- Appended the chain.

# Corrective and preventative measures
To prevent this we will
- test the certificate after each renewal
"""
SETEXT = """Search outage
=============

Impact start: March 5, 2026 10:04 UTC
Impact end: March 5, 2026 11:06 UTC

Root cause
----------

The disk was full

Action items
------------

1. Rotate logs
2. Add a disk
"""
YAML_HEAD = """---
title: Search outage
date: 2026-03-05
start: 10:04
end: 11:06
severity: SEV-2
services: [search]
tags: [postmortem, index]
---
The index was gone.
"""
TOML_HEAD = """+++
title = "Search outage"
started_at = 2026-03-05T11:04:00+01:00
resolved_at = 2026-03-05T12:06:00+01:00
severity = "sev2"
services = ["search"]
tags = ["index"]
+++
The index was gone.
"""
CAPITAL_HEAD = """---
Title: Search outage
Incident Start: "2026-03-05 10:04, UTC"
Incident End: Mar 5, 2026 11:06 AM
Severity: Major
Affected Services: search
---
The index was gone.
"""
MIDNIGHT = """# Search outage

Date: 2026-03-05
Duration: 23:30 to 00:45 UTC
"""
BOLD_HEADINGS = """# Search outage

**Incident date:** Thursday, March 5th, 2026
**Incident window:** 10:04 AM – 11:06 AM UTC (62 minutes)

**What went wrong?**

* Failover was manual

**Root Cause**

The primary lost its disk. It took an hour to notice, because the alert watched the replica only.

**Next Steps**

* Automate the failover
"""
WITHOUT_MARKS = """Search outage of March
Issue Summary
Duration:

Start: March 5, 2026, 10:04 AM UTC
End: March 5, 2026, 11:06 AM UTC
Impact:

Nobody could search.
Root Cause:

An index setting was wrong.
Timeline
10:04 AM: alert
10:30 AM: a wrong path
Corrective and Preventative Measures
- Review such settings
"""
ONE_LINE = """# 🔥 Search outage

**Incident ID:** I-7 | **Severity:** SEV2 | **Date:** 2026-03-05 | **Services:** search

**Duration:** Approximately one hour (10:04 to 11:06 UTC)

## 🔍 1. Root Cause

The disk was full.

## 📈 Timeline

| Time (UTC) | Event |
|---|---|
| 10:04 | alert |

## ✅ Action Items

| Owner | Task | Due |
|---|---|---|
| @ann | Rotate logs | 1 April 2026 |
"""
WIKI = """h1. Search outage

||Severity|SEV2|
*Start:* 2026-03-05 10:04 UTC
*End:* 2026-03-05 11:06 UTC

h2. Root cause
The disk was full.

h2. Action items
# Buy a disk
* Rotate logs
"""


NESTED_HEAD = """+++
title = "Search outage"
date = 2026-03-05T10:04:00Z
[extra]
severity = "sev2"
resolved = true
resolvedWhen = 2026-03-05T11:06:00Z
affected = ["search"]
+++

Nothing was found.
"""
JUST_BEFORE_MIDNIGHT = """# Search outage

Date: 2026-03-05
Start: 23:40 UTC
End: 00:25 UTC

## Contributors and enablers

- A cold cache

## Remediation items

- Warm the cache — Owner: Ann — Due: 2026-04-01
"""


@dataclass(frozen=True)
class Read:
    text: str
    start: str = "05 10:04"
    end: str = "05 11:06"
    severity: str | None = None
    services: list[str] = field(default_factory=list)
    root: list[str] = field(default_factory=list)
    factors: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    guessed: list[str] = field(default_factory=list)
    zone: str = ""
    title: str = ""


DISK = "The disk of the index was full"
REPORTS = [
    pytest.param(Read(SRE_BOOK_HEADINGS, "05 00:00", "", None, [],
        ["A leak in the index server filled its memory", "A crawler asked for every page"],
        ["no one knew the second cluster", "dashboards were slow"],
        ["Fix the leak", "Alert on memory", "Rehearse the move"], ["impact_started_at"]),
        id="sre-book-headings"),
    pytest.param(Read(TABLE_OF_TIMES, root=["A deploy of the index",
        "The new index format was unreadable to old nodes"], factors=["The canary was skipped"],
        actions=["Refuse deploys without canary"]), id="table-with-two-pairs-a-row"),
    pytest.param(Read(STATUS_HISTORY, root=[
        "A certificate of the load balancer had expired"],
        actions=["Renew certificates automatically", "Alert two weeks before"],
        guessed=["impact_started_at", "resolved_at"]), id="cloud-status-history"),
    pytest.param(Read(LABELLED, severity="SEV1", services=["search", "index"], root=[DISK],
        factors=["the alert on disks was muted", "log rotation was off"],
        actions=["Turn rotation on", "Unmute the alert @eve"]), id="labelled-lines"),
    pytest.param(Read(GITLAB_RCA, services=["Web"],
        root=["A query without an index locked the table"], actions=["Add the index"]),
        id="gitlab-review"),
    pytest.param(Read(SCHOOL, root=["Error in the certificate file"],
        actions=["test the certificate after each renewal"]), id="range-with-slashes"),
    pytest.param(Read(SETEXT, root=["The disk was full"], actions=["Rotate logs", "Add a disk"],
        title="Search outage"), id="setext"),
    pytest.param(Read(GERMAN, severity="SEV1", services=["suche"],
        root=["Die Platte des Index war voll"], factors=["Der Alarm war stumm"],
        actions=["Protokolle drehen"], zone="Europe/Berlin"), id="german"),
    pytest.param(Read(FRENCH, severity="SEV1", root=["Le disque de l'index était plein"],
        factors=["L'alerte était muette"], actions=["Ajouter un disque"]), id="french"),
    pytest.param(Read(SPANISH, severity="SEV1", root=["El disco del índice estaba lleno"],
        actions=["Añadir un disco"]), id="spanish"),
    pytest.param(Read(YAML_HEAD, severity="SEV2", services=["search"]), id="yaml-clock-numbers"),
    pytest.param(Read(TOML_HEAD, severity="SEV2", services=["search"]), id="toml"),
    pytest.param(Read(CAPITAL_HEAD, severity="SEV2", services=["search"]), id="capital-head"),
    pytest.param(Read(MIDNIGHT, "05 23:30", "06 00:45"), id="over-midnight"),
    pytest.param(Read(BOLD_HEADINGS, root=["The primary lost its disk"],
        factors=["Failover was manual"], actions=["Automate the failover"]), id="bold-headings"),
    pytest.param(Read(WITHOUT_MARKS, root=["An index setting was wrong"],
        actions=["Review such settings"]), id="without-marks"),
    pytest.param(Read(ONE_LINE, severity="SEV2", services=["search"], root=["The disk was full"],
        actions=["Rotate logs"]), id="several-labels-on-a-line-and-emoji"),
    pytest.param(Read(WIKI, root=["The disk was full"], actions=["Buy a disk", "Rotate logs"]),
        id="wiki"),
    pytest.param(Read(PORTUGUESE, severity="SEV1", services=["busca"], root=["O disco encheu"],
        factors=["Sem alerta"], actions=["Aumentar o disco"]), id="portuguese"),
    pytest.param(Read(ITALIAN, severity="SEV2", services=["ricerca"],
        root=["Il disco era pieno"], actions=["Aggiungere un disco"]), id="italian"),
    pytest.param(Read(DUTCH, severity="SEV2", root=["De schijf was vol"],
        actions=["Schijf vergroten"]), id="dutch"),
    pytest.param(Read(NESTED_HEAD, severity="SEV2", services=["search"]), id="nested-head"),
    pytest.param(Read(JUST_BEFORE_MIDNIGHT, "05 23:40", "06 00:25", factors=["A cold cache"],
        actions=["Warm the cache"]), id="just-before-midnight"),
]  # fmt: skip
