"""Documents with several incidents, in the shapes in which people keep them, and single reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Log:
    shape: str
    text: str
    entries: list[tuple[str, str]]
    """(start, title) of each incident."""
    name: str = "notes.md"
    skipped: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.shape


LOGS = [
    Log(
        "day and dash, bold labels",
        "# Boot failures\n\nWhy hosts did not come up.\n\n---\n\n"
        "## 2026-02-03 — Proxy does not start after an update\n\n**Symptom:** no egress.\n\n"
        "**Root cause:** The unit file names a removed binary.\n\n**Fix:** Pinned the package.\n\n"
        "## 2026-01-20 — Disk full on the build host\n\n**Root cause:** Caches are never pruned.\n",
        [("2026-02-03 00:00", "Proxy does not start after an update"),
         ("2026-01-20 00:00", "Disk full on the build host")],
    ),
    Log(
        "prose under days, name of the file says it",
        "# Acme\n\n## 2026-02-03: DNS interrupted\n\nThe resolver ran out of sockets.\n\n"
        "## 2026-01-20: 504s at the edge\n\nOne origin was slow.\n",
        [("2026-02-03 00:00", "DNS interrupted"), ("2026-01-20 00:00", "504s at the edge")],
        "incidents.md",
    ),
    Log(
        "numbered headings with a labelled date",
        "# Past incidents\n\n## Incident #12\n\n**Date**: October 8, 2025\n**System**: gateway\n"
        "**Severity**: SEV2\n\n### Description\n\nMemory grew.\n\n### Resolution\n\nRestarted.\n\n"
        "## Incident #13\n\n**Date**: October 9, 2025\n\n### Description\n\nSlow again.\n",
        [("2025-10-08 00:00", "Incident #12"), ("2025-10-09 00:00", "Incident #13")],
    ),
    Log(
        "time and zone in the heading",
        "# Outages\n\n## 2026-02-03 14:30 UTC - Search down\n\nA shard was lost.\n\n"
        "## 2026-02-04 09:05 UTC - Search slow\n\nMerges took the disk.\n",
        [("2026-02-03 14:30", "Search down"), ("2026-02-04 09:05", "Search slow")],
    ),
    Log(
        "day in brackets behind the name",
        "## Queue stuck (2026-02-03)\n\n### Root cause\n\nA poison message.\n\n"
        "## Mail late (2026-02-04)\n\n### Root cause\n\nGreylisting.\n",
        [("2026-02-03 00:00", "Queue stuck"), ("2026-02-04 00:00", "Mail late")],
    ),
    Log(
        "days in square brackets",
        "# Incident log\n\n## [2026-02-03] Queue stuck\n\nA poison message.\n\n"
        "## [2026-02-04] Mail late\n\nGreylisting.\n",
        [("2026-02-03 00:00", "Queue stuck"), ("2026-02-04 00:00", "Mail late")],
    ),
    Log(
        "bare days",
        "# Incident log\n\n## 2026-02-03\n\n- Lookups matched the wrong run.\n"
        "- Mended the filter.\n\n"
        "## 2026-02-04\n\nThe sheet API was off.\n",
        [("2026-02-03 00:00", "Lookups matched the wrong run."),
         ("2026-02-04 00:00", "The sheet API was off.")],
    ),
    Log(
        "one heading of the first level each",
        "# 3 February 2026: Cache cold\n\n## Root cause\n\nA flush.\n\n"
        "# 5 February 2026: Cache cold again\n\n## Root cause\n\nThe same flush.\n",
        [("2026-02-03 00:00", "Cache cold"), ("2026-02-05 00:00", "Cache cold again")],
    ),
    Log(
        "third level below a heading for the year",
        "# Postmortems\n\n## 2026\n\n### Feb 3, 2026 – Login fails\n\n**Cause:** Clock skew.\n\n"
        "### Jan 20, 2026 – Login slow\n\n**Cause:** Hashing on one core.\n\n## 2025\n\n"
        "### Dec 1, 2025 – Upload fails\n\n**Cause:** A quota.\n",
        [("2026-02-03 00:00", "Login fails"), ("2026-01-20 00:00", "Login slow"),
         ("2025-12-01 00:00", "Upload fails")],
    ),
    Log(
        "underlined headings, German",
        "Vorfälle\n========\n\n03.02.2026: Anmeldung gestört\n-----------------------------\n\n"
        "Ursache: Zertifikat abgelaufen.\n\n"
        "04.02.2026: Suche langsam\n-------------------------\n\n"
        "Ursache: Ein Index fehlte.\n",
        [("2026-02-03 00:00", "Anmeldung gestört"), ("2026-02-04 00:00", "Suche langsam")],
    ),
    Log(
        "an overview before, a template behind",
        "# Incident history\n\n## Overview\n\nNewest first.\n\n"
        "## 2026-02-03 Queue stuck\n\n**Fix:** Purged it.\n\n"
        "## 2026-02-04 Mail late\n\n**Fix:** Retried.\n\n## How to add one\n\nCopy an entry.\n",
        [("2026-02-03 00:00", "Queue stuck"), ("2026-02-04 00:00", "Mail late")],
        skipped=("Overview", "How to add one"),
    ),
    Log(
        "the same heading twice",
        "# Outages\n\n## 2026-02-03: API down\n\nIn the morning.\n\n"
        "## 2026-02-03: API down\n\nIn the evening.\n",
        [("2026-02-03 00:00", "API down"), ("2026-02-03 00:00", "API down")],
    ),
    Log(
        "labels of start and end",
        "## API down\n\nStarted: 2026-02-03 10:00 UTC\nResolved: 2026-02-03 11:30 UTC\n\nOut of "
        "memory.\n\n## API slow\n\nStarted: 2026-02-05 08:00 UTC\nResolved: 2026-02-05 08:20 UTC\n",
        [("2026-02-03 10:00", "API down"), ("2026-02-05 08:00", "API slow")],
    ),
]  # fmt: skip

SINGLE = {
    "sections": "# API down\n\n**Date:** 2026-02-03\n\n## Summary\n\nIt was down.\n\n## Impact\n\n"
    "All.\n\n## Root cause\n\nMemory.\n\n## Timeline\n\n10:00 began\n\n"
    "## Action items\n\n- Limit it\n",
    "days of a timeline": "# API down\n\n## Summary\n\nTwo days.\n\n## Timeline\n\n"
    "### 2026-02-03\n\n10:00 began. Fix: restarted\n\n### 2026-02-04\n\n11:00 over\n",
    "days as headings beside sections": "# API down\n\n## Summary\n\nTwo days.\n\n"
    "## 2026-02-03: first symptoms\n\n10:00 errors\n\n## 2026-02-04: recovery\n\n11:00 over\n\n"
    "## Root cause\n\nMemory.\n",
    "a diary of one incident": "# API down\n\n## 2026-02-03: first symptoms\n\n10:00 errors\n\n"
    "## 2026-02-04: recovery\n\n11:00 over\n",
    "two outages in one report": "# Two outages in February\n\n"
    "## First outage (2026-02-03)\n\n### Root cause\n\nMemory.\n\n"
    "## Second outage (2026-02-04)\n\n### Root cause\n\nDisk.\n\n## Action items\n\n- Limit both\n",
    "a head of one incident": "---\ntitle: API down\nstarted_at: 2026-02-03T10:00Z\n---\n"
    "## 2026-02-03: phase one\n\nFix: restart\n\n## 2026-02-04: phase two\n\nFix: more memory\n",
    "updates of a status page": "# API down\n\n## 2026-02-03 10:05 UTC Investigating\n\nErrors.\n\n"
    "## 2026-02-03 10:40 UTC Resolved\n\nOver.\n",
    "one dated heading": "# Incident log\n\n## 2026-02-03: API down\n\n**Fix:** restarted\n",
    "meetings": "# On-call handover\n\n## 2026-02-03\n\n### Action items\n\n- Call\n\n"
    "## 2026-02-10\n\n### Action items\n\n- Write\n",
    "versions": "# News\n\n## 1.2.0 - 2026-02-03\n\n### Fixed\n\n- A leak\n\n"
    "## 1.1.0 - 2026-01-03\n\n### Fixed\n\n- A crash\n",
    "headings in code": "# API down\n\n2026-02-03\n\n```\n## 2026-02-03 a\n\nFix: x\n\n"
    "## 2026-02-04 b\n\nFix: y\n```\n",
    "whys": "# API down on 2026-02-03\n\n## Why did it fail on 2026-02-03?\n\nMemory.\n\n"
    "## Why again on 2026-02-04?\n\nDisk.\n",
}
"""Documents about one incident, or about none, that stay one."""
