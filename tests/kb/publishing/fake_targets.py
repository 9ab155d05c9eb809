"""Servers that answer as the products do to which postmortems are copied.

Paths, shapes, limits and refusals are those of the vendors' references, looked up on 2026-11-27:
Confluence Cloud REST API v2 and Data Center v1, GitHub REST API 2022-11-28 (contents, git refs,
pulls), Notion 2025-09-03.
"""

from __future__ import annotations

import base64
import re
from typing import Any, ClassVar
from xml.etree import ElementTree

from tests.json_server import Answer
from tests.kb.trackers.fake_tracker import Reply, Request

TOKEN = "token-for-tests"
PARENT = "a" * 32


class FakeTarget:
    """Base of the servers. Each test reads what people see there by `texts`."""

    kind: ClassVar[str]

    def __init__(self) -> None:
        self.url = ""
        self.token = TOKEN
        self.requests: list[Request] = []
        self.failures: list[Answer] = []
        """With what the next requests are answered instead."""
        self.loses_answers = 0
        """So many creations succeed, and nobody hears of it."""

    def settings(self) -> dict[str, Any]:
        raise NotImplementedError

    def authorization(self) -> str:
        return f"Bearer {self.token}"

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def texts(self) -> list[tuple[str, str]]:
        """Title and text of each copy."""
        raise NotImplementedError

    def delete_all(self) -> None:
        """What somebody does who does not want it there."""
        raise NotImplementedError

    def respond(self, request: Request) -> Answer:
        self.requests.append(request)
        if self.failures:
            return self.failures.pop(0)
        if request.headers.get("authorization") != self.authorization():
            return 401, {}, {"message": "unauthorized"}
        before = len(self.texts())
        status, body = self.answer(request)
        if len(self.texts()) > before and self.loses_answers:
            self.loses_answers -= 1
            return 502, {}, None
        return status, {}, body


class FakeConfluence(FakeTarget):
    """Data Center."""

    kind = "confluence"
    root = "/rest/api/content"

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, dict[str, Any]] = {}

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "space": "OPS", "parent": "77"}

    def texts(self) -> list[tuple[str, str]]:
        return [(each["title"], each["text"]) for each in self.pages.values()]

    def delete_all(self) -> None:
        self.pages.clear()

    def answer(self, request: Request) -> Reply:
        if request.path == "/rest/api/space/OPS":
            return 200, {"id": 9, "key": "OPS", "name": "Operations"}
        if request.path == self.root and request.method == "POST":
            if request.body["space"] != {"key": "OPS"} or request.body["type"] != "page":
                return 400, {"message": "no such space"}
            return self.write("", request.body, request.body["body"]["storage"], 1)
        if request.path == self.root:
            if request.query["spaceKey"] != "OPS":
                return 404, {"message": "Not Found"}
            return 200, {"results": self.found(request.query["title"])}
        return self.one(request, request.path.removeprefix(f"{self.root}/"))

    def found(self, title: str) -> list[dict[str, Any]]:
        return [self.shown(key) for key, page in self.pages.items() if page["title"] == title]

    def one(self, request: Request, key: str) -> Reply:
        if key not in self.pages:
            return 404, {"message": "Not Found"}
        if request.method == "PUT":
            number, body = request.body["version"]["number"], request.body["body"]
            if number != self.pages[key]["version"] + 1:
                return 409, {"message": "Version must be incremented"}
            return self.write(key, request.body, body.get("storage", body), number)
        return 200, self.shown(key)

    def write(self, key: str, sent: dict[str, Any], storage: dict[str, Any], number: int) -> Reply:
        title = sent["title"]
        if any(page["title"] == title for other, page in self.pages.items() if other != key):
            return 400, {"message": "A page with this title already exists"}
        try:
            ElementTree.fromstring(f"<page>{storage['value']}</page>")  # noqa: S314
        except ElementTree.ParseError:
            return 400, {"message": "Error parsing xhtml"}
        key = key or str(1000 + len(self.pages))
        self.pages[key] = {"title": title, "text": storage["value"], "version": number}
        return 200, self.shown(key)

    def shown(self, key: str) -> dict[str, Any]:
        page = self.pages[key]
        return {
            "id": key,
            "title": page["title"],
            "version": {"number": page["version"]},
            "body": {"storage": {"value": page["text"], "representation": "storage"}},
        }


class FakeConfluenceCloud(FakeConfluence):
    root = "/api/v2/pages"
    email = "ada@example.com"

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "email": self.email}

    def authorization(self) -> str:
        return f"Basic {base64.b64encode(f'{self.email}:{self.token}'.encode()).decode()}"

    def answer(self, request: Request) -> Reply:
        if request.path == "/api/v2/spaces":
            known = request.query["keys"] == "OPS"
            space = {"id": "9", "key": "OPS", "name": "Operations"}
            return 200, {"results": [space] if known else []}
        if request.path == self.root and request.method == "POST":
            if request.body["spaceId"] != "9" or request.body["status"] != "current":
                return 400, {"message": "no such space"}
            return self.write("", request.body, request.body["body"], 1)
        if request.path == self.root:
            if request.query["space-id"] != "9":
                return 404, {"message": "Not Found"}
            return 200, {"results": self.found(request.query["title"])}
        return self.one(request, request.path.removeprefix(f"{self.root}/"))


class FakeGitHub(FakeTarget):
    kind = "github"

    def __init__(self) -> None:
        super().__init__()
        self.branches: dict[str, dict[str, str]] = {"main": {}}
        self.pulls: list[dict[str, Any]] = []

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "repository": "example/handbook", "folder": "postmortems"}

    def texts(self) -> list[tuple[str, str]]:
        heads = [self.branches[each["head"]] for each in self.pulls if each["open"]]
        return [
            (path, text)
            for files in [*heads, self.branches["main"]]
            for path, text in files.items()
        ]

    def delete_all(self) -> None:
        for each in self.pulls:
            each["open"] = False

    def merge(self) -> None:
        for each in self.pulls:
            self.branches["main"] |= self.branches[each["head"]]
            each["open"] = False

    def answer(self, request: Request) -> Reply:
        path, body = request.path.removeprefix("/repos/example/handbook"), request.body
        if path == "":
            return 200, {"full_name": "example/handbook", "default_branch": "main"}
        if path == "/pulls" and request.method == "POST":
            if not self.branches.get(body["head"]) or body["base"] != "main":
                return 422, {"message": "Validation Failed"}
            self.pulls.append({"number": len(self.pulls) + 1, "head": body["head"], "open": True})
            return 201, self.pulls[-1]
        if path == "/pulls":
            head = request.query["head"].removeprefix("example:")
            return 200, [each for each in self.pulls if each["open"] and each["head"] == head]
        if path == "/git/refs":
            self.branches[body["ref"].removeprefix("refs/heads/")] = dict(self.branches["main"])
            return 201, {"ref": body["ref"]}
        if found := re.fullmatch(r"/git/refs?/heads/(.+)", path):
            if found[1] not in self.branches:
                return 404, {"message": "Not Found"}
            if request.method == "PATCH":
                self.branches[found[1]] = dict(self.branches["main"])
            return 200, {"object": {"sha": "b" * 40}}
        if found := re.fullmatch(r"/contents/(.+)", path):
            return self.contents(request, found[1])
        return 404, {"message": "Not Found"}

    def contents(self, request: Request, path: str) -> Reply:
        if request.method != "PUT":
            files = self.branches.get(request.query["ref"], {})
            if path not in files:
                return 404, {"message": "Not Found"}
            content = base64.encodebytes(files[path].encode()).decode()
            return 200, {"sha": _sha(files[path]), "content": content, "encoding": "base64"}
        files = self.branches[request.body["branch"]]
        if path in files and request.body.get("sha") != _sha(files[path]):
            return 409, {"message": "does not match"}
        files[path] = base64.b64decode(request.body["content"]).decode()
        return 200, {"content": {"path": path}}


def _sha(text: str) -> str:
    return f"{hash(text) & (2**64 - 1):040x}"


class FakeNotion(FakeTarget):
    kind = "notion"

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, dict[str, Any]] = {}

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "page": PARENT}

    def texts(self) -> list[tuple[str, str]]:
        return [
            (each["title"], str(each["blocks"]))
            for each in self.pages.values()
            if not each["trashed"]
        ]

    def delete_all(self) -> None:
        for each in self.pages.values():
            each["trashed"] = True

    def answer(self, request: Request) -> Reply:
        if "notion-version" not in request.headers:
            return 400, {"code": "missing_version"}
        path, body = request.path, request.body
        if path == f"/v1/pages/{PARENT}":
            return 200, {"id": PARENT}
        if path == "/v1/pages":
            if body["parent"]["page_id"] != PARENT or (problem := _too_much(body["children"])):
                return 400, {"code": "validation_error", "message": problem}
            key = f"{len(self.pages):032x}"
            self.pages[key] = {"title": _title(body), "blocks": body["children"], "trashed": False}
            return 200, {"id": key}
        if found := re.fullmatch(r"/v1/pages/(\w+)", path):
            page = self.pages[found[1]]
            if request.method == "PATCH":
                page["title"] = _title(body)
                page["blocks"] = [] if body.get("erase_content") else page["blocks"]
            return 200, {"id": found[1], "in_trash": page["trashed"]}
        if path == f"/v1/blocks/{PARENT}/children":
            rows = [
                {"id": key, "type": "child_page", "child_page": {"title": each["title"]}}
                for key, each in self.pages.items() if not each["trashed"]
            ]  # fmt: skip
            return 200, {"results": rows, "has_more": False, "next_cursor": None}
        if found := re.fullmatch(r"/v1/blocks/(\w+)/children", path):
            page = self.pages[found[1]]
            if request.method == "PATCH":
                if problem := _too_much(body["children"]):
                    return 400, {"code": "validation_error", "message": problem}
                page["blocks"] = page["blocks"] + body["children"]
            return 200, {"results": page["blocks"][:1], "has_more": False}
        return 404, {"code": "object_not_found"}


def _title(body: dict[str, Any]) -> str:
    return "".join(each["text"]["content"] for each in body["properties"]["title"]["title"])


def _too_much(blocks: list[dict[str, Any]]) -> str:
    if len(blocks) > 100:
        return "body.children.length should be ≤ 100"
    pieces = [p for b in blocks for p in b[b["type"]].get("rich_text", [])]
    long = any(len(each["text"]["content"]) > 2000 for each in pieces)
    return "text.content.length should be ≤ 2000" if long else ""


TARGETS: dict[str, type[FakeTarget]] = {
    "confluence": FakeConfluence,
    "confluence-cloud": FakeConfluenceCloud,
    "github": FakeGitHub,
    "notion": FakeNotion,
}
