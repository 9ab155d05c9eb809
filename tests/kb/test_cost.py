"""What a page costs must not grow with how much is known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from markdown_it import MarkdownIt

from incidents.filing import add_note
from incidents.models import Incident, Notice, Service
from kb.causes.linking import chain_causes, link_cause
from kb.models import Cause, Postmortem
from kb.postmortems.action_items import add_action
from kb.postmortems.editing import comment_on, publish, start_postmortem
from tests.kb.conftest import past

pytestmark = pytest.mark.django_db


def more(count: int, database: Service, cause: Cause, other_cause: Cause, user: User) -> Incident:
    """`count` incidents with causes, chains, entries; a postmortem of all with much on it."""
    rows = [past(f"Slow {n}", database, days=9 + n, severity="SEV1") for n in range(count)]
    for row in rows:
        for each in (cause, other_cause):
            link_cause(row, each, state="confirmed", author=user)
        chain_causes(row, cause, other_cause, user)
        add_note(row, "noted", user)
    postmortem = start_postmortem(rows, user)
    for n in range(count):
        comment_on(postmortem, f"Comment {n}", user)
        due = (timezone.now() - timedelta(days=n + 1)).date()
        add_action(postmortem, title=f"Action {n}", owner=user, due_on=due, cause=cause)
    publish(postmortem)
    return rows[0]


PAGES = {
    "/": 12,
    "/?q=slow+service:orders-db+cause:deploy": 14,  # two ask whether most rows match
    "/analysis/search/?q=slow": 15,
    "/analysis/gaps/": 20,
    "/knowledge/causes/": 11,  # a join of some months and not of all
    "/knowledge/causes/{cause}/": 20,
    "/knowledge/postmortems/": 8,
    "/knowledge/postmortems/{postmortem}/": 20,
    "/knowledge/postmortems/{postmortem}/edit/": 10,
    "/knowledge/postmortems/{postmortem}/versions/": 8,
    "/knowledge/actions/?which=all": 7,
    "/knowledge/reports/": 14,
    "/knowledge/reports/services/": 8,
    "/knowledge/reports/causes/": 16,
    "/knowledge/incidents/{incident}/causes/": 12,
    "/INC-{incident}/timeline/": 12,
}


def test_queries_do_not_grow_with_the_records(
    web: Client, database: Service, cause: Cause, other_cause: Cause, user: User
) -> None:
    counts: dict[str, list[int]] = {page: [] for page in PAGES}
    for count in (2, 12):
        incident = more(count, database, cause, other_cause, user)
        postmortem = Postmortem.objects.latest("pk").pk
        # Who has unread ones costs one query more: the test below.
        Notice.objects.update(read_at=timezone.now())
        for page, found in counts.items():
            path = page.format(cause=cause.pk, incident=incident.pk, postmortem=postmortem)
            web.get(path)
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert web.get(path).status_code == 200, path
            found.append(len(captured))
    growing = {page: found for page, found in counts.items() if found[1] > found[0] + 1}
    assert not growing
    too_many = {page: found for page, found in counts.items() if found[1] > PAGES[page]}
    assert not too_many


def test_unread_notices_cost_a_page_one_query_more(web: Client, user: User) -> None:
    def queries() -> int:
        web.get("/knowledge/causes/")
        with CaptureQueriesContext(connection) as captured:
            web.get("/knowledge/causes/")
        return len(captured)

    without = queries()
    Notice.objects.create(user=user, key="k", text="x", path="/INC-1/")
    assert queries() == without + 1


def test_two_megabytes_of_text_stay_usable(
    web: Client, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[int] = []
    render = MarkdownIt.render

    def counted(self: MarkdownIt, text: str, *rest: Any) -> str:
        rendered.append(len(text))
        return render(self, text, *rest)

    monkeypatch.setattr(MarkdownIt, "render", counted)
    web.post("/knowledge/postmortems/new/", {"references": incident.reference})
    postmortem = Postmortem.objects.get()
    path = f"/knowledge/postmortems/{postmortem.pk}/"
    body = "".join(
        f"Line {n} {'of many words ' * 18}about INC-1 and **more**.\n\n" for n in range(7_000)
    )
    form = {
        "title": "Long", "references": incident.reference, "base_version": 1, "body": body,
    }  # fmt: skip
    assert len(body) > 2_000_000
    assert web.post(path + "edit/", form).status_code == 302
    postmortem.refresh_from_db()
    assert len(postmortem.body) == len(body)
    for rest in ("", "edit/", "versions/?version=2", "as/markdown/"):
        assert web.get(path + rest).status_code == 200
    assert "Line 6999 of many words" in web.get(path).content.decode()
    long = [length for length in rendered if length > 2_000_000]
    assert len(long) == 1, "the text is rendered once"
    too_long = web.post(path + "edit/", {**form, "base_version": 2, "body": "x" * 4_000_001})
    assert too_long.status_code == 422
    assert "up to 4,000,000 characters" in too_long.content.decode()
