"""Servers that answer as the products do from whose API history is imported.

Paths, parameters, shapes and limits are those of the vendors' references, looked up on 2026-11-27:
PagerDuty REST API v2, GitHub REST API 2022-11-28, Jira REST API v2 (Cloud: nextPageToken), Manage
API v1 of Statuspage, Opsgenie's Incident API v1 with timelines v2, and Confluence's content search
v1. Links to further pages lead to another host, as a payload of an attacker might.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from tests.json_server import Answer
from tests.kb.trackers.fake_tracker import Reply, Request

TOKEN = "token-for-tests"
NOW = datetime.now(UTC).replace(microsecond=0)
EVIL = "https://elsewhere.example"


@dataclass
class Record:
    """An incident, issue or page as all of them have one."""

    number: int
    title: str
    created: datetime
    updated: datetime
    ended: datetime | None = None
    notes: list[tuple[datetime, str, str]] = field(default_factory=list)
    broken: bool = False
    """It lacks what an incident needs."""

    @property
    def key(self) -> str:
        return f"P{self.number:06}"


class FakeProduct:
    """Base of the servers."""

    kind: ClassVar[str]

    def __init__(self) -> None:
        self.url = ""
        self.token = TOKEN
        self.records: list[Record] = []
        self.requests: list[Request] = []
        self.failures: list[Answer] = []
        """With what the next requests are answered instead."""

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "follow": True}

    def authorization(self) -> str:
        raise NotImplementedError

    def is_allowed(self, authorization: str) -> bool:
        return authorization == self.authorization()

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def external_id(self, record: Record) -> str:
        return record.key

    def add(self, title: str, days: float = 30, **fields: Any) -> Record:
        created = NOW - timedelta(days=days)
        record = Record(len(self.records) + 1, title, created, created, **fields)
        self.records.append(record)
        return record

    def end(self, record: Record) -> None:
        """It is over, and somebody wrote why."""
        record.ended = record.updated = datetime.now(UTC).replace(microsecond=0)
        record.notes.append((record.ended, "Ada", "Rolled back the release."))

    def limit(self, seconds: int) -> None:
        self.failures.append((429, {"Retry-After": str(seconds)}, {"message": "too many"}))

    def respond(self, request: Request) -> Answer:
        self.requests.append(request)
        if self.failures:
            return self.failures.pop(0)
        if not self.is_allowed(request.headers.get("authorization", "")):
            return 401, {}, {"message": "unauthorized"}
        status, body = self.answer(request)
        return status, {}, body

    def sorted(self, newest_first: bool = False) -> list[Record]:
        return sorted(self.records, key=lambda each: each.created, reverse=newest_first)


def _part(rows: list[Any], query: dict[str, str], offset: int | None = None) -> list[Any]:
    limit = int(query.get("limit") or query.get("per_page") or query.get("maxResults") or 25)
    begin = int(query.get("offset", 0)) if offset is None else offset
    return rows[begin : begin + limit]


class FakePagerDuty(FakeProduct):
    kind = "pagerduty"

    def authorization(self) -> str:
        return f"Token token={self.token}"

    def answer(self, request: Request) -> Reply:
        query, path = request.query, request.path
        if path == "/incidents":
            begin = datetime.fromisoformat(query.get("since", "1970-01-01T00:00:00+00:00"))
            end = datetime.fromisoformat(query.get("until", "2100-01-01T00:00:00+00:00"))
            if "since" in query and end - begin > timedelta(days=180):
                return 400, {"error": {"message": "Invalid Input Provided"}}
            rows = [each for each in self.sorted() if begin <= each.created < end]
            part = _part(rows, query)
            more = int(query.get("offset", 0)) + len(part) < len(rows)
            return 200, {"incidents": [self.shown(each) for each in part], "more": more}
        if path == "/log_entries":
            since = datetime.fromisoformat(query["since"])
            rows = [each for each in self.sorted(True) if each.updated >= since]
            entries = [{"incident": {"id": each.key}} for each in rows]
            return 200, {"log_entries": _part(entries, query), "more": False}
        found = re.fullmatch(r"/incidents/(P\d+)(/\w+)?", path)
        record = next((each for each in self.records if found and each.key == found[1]), None)
        if found is None or record is None:
            return 404, {"error": {"message": "Not Found"}}
        if found[2] == "/log_entries":
            return 200, {"log_entries": self.log(record), "more": False}
        if found[2] == "/notes":
            notes = [
                {"created_at": _time(at), "user": {"summary": who}, "content": words}
                for at, who, words in record.notes
            ]
            return 200, {"notes": notes}
        return 200, {"incident": self.shown(record)}

    def log(self, record: Record) -> list[dict[str, Any]]:
        at = _time(record.created + timedelta(minutes=2))
        notes = [{"type": "annotate_log_entry", "created_at": _time(n[0])} for n in record.notes]
        return [*notes, {"type": "acknowledge_log_entry", "created_at": at}]

    def shown(self, record: Record) -> dict[str, Any]:
        return {
            "id": record.key,
            "title": record.title,
            "created_at": None if record.broken else _time(record.created),
            "status": "resolved" if record.ended else "triggered",
            "resolved_at": record.ended and _time(record.ended),
            "service": {"id": "PSERV", "summary": "checkout"},
            "html_url": f"https://example.pagerduty.com/incidents/{record.key}",
        }


class FakeGitHub(FakeProduct):
    kind = "github"

    def is_allowed(self, authorization: str) -> bool:
        return authorization in (f"Bearer {self.token}", f"token {self.token}")

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "repository": "example/shop", "label": "incident"}

    def answer(self, request: Request) -> Reply:
        query, path = request.query, request.path.removeprefix("/repos/example/shop")
        if path == "":
            return 200, {"full_name": "example/shop"}
        if path == "/issues":
            if query.get("labels") != "incident" or query.get("state") != "all":
                return 422, {"message": "Validation Failed"}
            since = query.get("since", "")
            rows = [each for each in self.sorted() if _time(each.updated) >= since]
            size = int(query.get("per_page", 30))
            part = _part(rows, query, (int(query.get("page", 1)) - 1) * size)
            return 200, [self.shown(each) for each in part]
        if found := re.fullmatch(r"/issues/(\d+)/comments", path):
            record = self.records[int(found[1]) - 1]
            return 200, [
                {"created_at": _time(at), "user": {"login": who}, "body": words}
                for at, who, words in record.notes
            ]
        return 404, {"message": "Not Found"}

    def shown(self, record: Record) -> dict[str, Any]:
        return {
            "node_id": record.key,
            "number": record.number,
            "title": "" if record.broken else record.title,
            "body": "It was slow.",
            "state": "closed" if record.ended else "open",
            "comments": len(record.notes),
            "labels": [{"name": "incident"}],
            "created_at": _time(record.created),
            "updated_at": _time(record.updated),
            "closed_at": record.ended and _time(record.ended),
            "html_url": f"https://github.example/example/shop/issues/{record.number}",
        }


class FakeJira(FakeProduct):
    kind = "jira"
    email = "ada@example.com"

    def authorization(self) -> str:
        pair = f"{self.email}:{self.token}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "jql": "project = OPS", "email": self.email}

    def external_id(self, record: Record) -> str:
        return f"OPS-{record.number}"

    def answer(self, request: Request) -> Reply:
        query = request.query
        if request.path == "/rest/api/2/serverInfo":
            return 200, {"deploymentType": "Cloud", "versionNumbers": [1001, 0, 0]}
        if request.path == "/rest/api/2/field":
            return 200, [{"id": "summary", "name": "Summary", "clauseNames": ["summary"]}]
        if request.path != "/rest/api/2/search/jql":
            return 404, {"errorMessages": ["Not Found"]}
        if "(project = OPS)" not in query.get("jql", ""):
            return 400, {"errorMessages": ["Error in the JQL Query"]}
        rows = self.sorted()
        if match := re.search(r'updated >= "-(\d+)m"', query["jql"]):
            since = datetime.now(UTC) - timedelta(minutes=int(match[1]))
            rows = [each for each in rows if each.updated >= since]
        begin = int(query.get("nextPageToken", "0"))
        part = _part(rows, query, begin)
        after = begin + len(part)
        shown: dict[str, Any] = {"issues": [self.shown(each) for each in part], "names": {}}
        if after < len(rows):
            shown["nextPageToken"] = str(after)
        return 200, {**shown, "isLast": after >= len(rows)}

    def shown(self, record: Record) -> dict[str, Any]:
        comments = [
            {"created": _time(at), "author": {"displayName": who}, "body": words}
            for at, who, words in record.notes
        ]
        fields = {
            "summary": None if record.broken else record.title,
            "created": record.created.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "updated": record.updated.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "resolutiondate": record.ended and record.ended.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "resolution": {"name": "Done"} if record.ended else None,
            "status": {"name": "Done" if record.ended else "In Progress"},
            "priority": {"name": "High"},
            "components": [{"name": "checkout"}],
            "comment": {"comments": comments, "total": len(comments)},
        }
        return {"id": str(9000 + record.number), "key": self.external_id(record), "fields": fields}


class FakeStatuspage(FakeProduct):
    kind = "statuspage"

    def authorization(self) -> str:
        return f"OAuth {self.token}"

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "page_id": "kctbh9vrtdwd"}

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix("/v1/pages/kctbh9vrtdwd")
        if path == "":
            return 200, {"name": "Example status"}
        if path != "/incidents":
            return 404, {"error": "not found"}
        query = request.query
        begin = (int(query.get("page", 1)) - 1) * int(query["limit"])
        return 200, [self.shown(each) for each in _part(self.sorted(True), query, begin)]

    def limit(self, seconds: int) -> None:
        self.failures.append((420, {"Retry-After": str(seconds)}, {"error": "slow down"}))

    def shown(self, record: Record) -> dict[str, Any]:
        return {
            "id": record.key,
            "name": "" if record.broken else record.title,
            "status": "resolved" if record.ended else "investigating",
            "impact": "major",
            "created_at": _time(record.created),
            "updated_at": _time(record.updated),
            "resolved_at": record.ended and _time(record.ended),
            "incident_updates": [
                {"display_at": _time(at), "status": "resolved", "body": words}
                for at, _, words in record.notes
            ],
        }


class FakeOpsgenie(FakeProduct):
    kind = "opsgenie"

    def authorization(self) -> str:
        return f"GenieKey {self.token}"

    def answer(self, request: Request) -> Reply:
        query = request.query
        if request.path == "/v1/incidents":
            rows = self.sorted(query.get("order") != "asc")
            part = [self.shown(each) for each in _part(rows, query)]
            return 200, {"data": part, "paging": {"next": f"{EVIL}/v1/incidents"}}
        if request.path == "/v1/services/S-1":
            return 200, {"data": {"id": "S-1", "name": "checkout"}}
        if found := re.fullmatch(r"/v2/incident-timelines/(P\d+)/entries", request.path):
            record = next(each for each in self.records if each.key == found[1])
            entries = [
                {
                    "eventTime": _time(at), "hidden": False, "actor": {"name": who},
                    "description": {"name": words, "type": "text"},
                }
                for at, who, words in record.notes
            ]  # fmt: skip
            return 200, {"data": {"entries": entries}}
        return 404, {"message": "Not Found"}

    def shown(self, record: Record) -> dict[str, Any]:
        return {
            "id": record.key,
            "message": "" if record.broken else record.title,
            "status": "closed" if record.ended else "open",
            "priority": "P2",
            "createdAt": _time(record.created),
            "updatedAt": _time(record.updated),
            "impactStartDate": _time(record.created),
            "impactEndDate": record.ended and _time(record.ended),
            "impactedServices": ["S-1"],
        }


class FakeConfluence(FakeProduct):
    kind = "confluence"

    def authorization(self) -> str:
        return f"Bearer {self.token}"

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "space": "OPS", "label": "postmortem"}

    def external_id(self, record: Record) -> str:
        return f"{record.title.replace(' ', '-')}_{record.number}.html"

    def answer(self, request: Request) -> Reply:
        query = request.query
        if request.path == "/rest/api/space/OPS":
            return 200, {"key": "OPS", "name": "Operations"}
        if request.path != "/rest/api/content/search":
            return 404, {"message": "Not Found"}
        rows, cql = self.sorted(), query["cql"]
        if 'space = "OPS"' not in cql or 'label = "postmortem"' not in cql:
            return 400, {"message": "Could not parse cql"}
        if match := re.search(r'lastmodified >= now\("-(\d+)m"\)', cql):
            since = datetime.now(UTC) - timedelta(minutes=int(match[1]))
            rows = [each for each in rows if each.updated >= since]
        begin = int(query.get("cursor", "0"))
        part = _part(rows, query, begin)
        links = {}
        if begin + len(part) < len(rows):
            links["next"] = f"{EVIL}/rest/api/content/search?cursor={begin + len(part)}"
        return 200, {"results": [self.shown(each) for each in part], "_links": links}

    def shown(self, record: Record) -> dict[str, Any]:
        text = "" if record.broken else (
            f"<p>Date: {record.created:%Y-%m-%d}</p><h2>Root cause</h2><p>The pool was full.</p>"
            + "".join(f"<p>{words}</p>" for *_, words in record.notes)
        )  # fmt: skip
        return {
            "id": str(record.number),
            "title": record.title,
            "version": {"when": _time(record.updated)},
            "history": {"createdDate": _time(record.created)},
            "body": {"export_view": {"value": text}},
        }


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
