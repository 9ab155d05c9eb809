from __future__ import annotations

import io
import json
import re
from datetime import timedelta

import pytest
import typst
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from common.markdown import render_markdown
from incidents.filing import add_note, file_incident
from incidents.models import Incident, Notice
from kb.exporters import registry
from kb.exporters.typst_markup import TypstWriter
from kb.models import ActionItem, Postmortem
from kb.postmortems import editing
from kb.postmortems.action_items import add_action, edit_action, remind_owners_of_due_items
from kb.postmortems.blameless import hints_for
from kb.postmortems.three_way_merge import merge_texts
from tests.conftest import data
from tests.pictures import png

pytestmark = pytest.mark.django_db
PNG = png(1, 1)


def edit_form(postmortem: Postmortem, **changes: object) -> dict[str, object]:
    references = ", ".join(row.reference for row in postmortem.incidents.all())
    return {
        "title": postmortem.title, "body": postmortem.body, "references": references,
        "base_version": postmortem.version, **changes,
    }  # fmt: skip


def path(postmortem: Postmortem, rest: str = "") -> str:
    return f"/knowledge/postmortems/{postmortem.pk}/{rest}"


def test_a_new_postmortem_is_filled_with_what_is_recorded(
    web: Client, known: Incident, user: User
) -> None:
    add_note(known, "the replica lagged by an hour", user)
    answer = web.post("/knowledge/postmortems/new/", {"references": known.reference})
    postmortem = Postmortem.objects.get()
    assert answer["Location"] == path(postmortem, "edit/")
    assert "**Index lost in the migration**" in postmortem.body
    assert "the replica lagged by an hour" in postmortem.body
    assert "Severity: SEV3" in postmortem.body
    assert "{" not in postmortem.body


def test_the_template_follows_the_worst_severity(user: User) -> None:
    bad = file_incident(title="Down", severity="SEV1")
    small = file_incident(title="Slow", severity="SEV4")
    assert "## Where we were lucky" in editing.start_postmortem([bad, small], user).body
    assert "## Where we were lucky" not in editing.start_postmortem([small], user).body


def test_it_covers_many_incidents_and_none_that_is_hidden(
    web: Client, known: Incident, other: User
) -> None:
    second = file_incident(title="Twin")
    secret = file_incident(title="Zebra", private=True, reporter=other)
    form = {"references": f"{known.reference}, {second.reference}"}
    web.post("/knowledge/postmortems/new/", form)
    assert Postmortem.objects.get().incidents.count() == 2
    refused = web.post("/knowledge/postmortems/new/", {"references": secret.reference})
    assert f"There is no incident {secret.reference}." in refused.content.decode()


def test_saving_makes_a_version_and_the_difference_is_shown(
    web: Client, postmortem: Postmortem
) -> None:
    web.post(path(postmortem, "edit/"), edit_form(postmortem, body="First line\nSecond line"))
    postmortem.refresh_from_db()
    assert postmortem.version == 2
    page = web.get(path(postmortem, "versions/?version=2")).content.decode()
    assert '<span data-kind="added">+Second line</span>' in page
    assert web.get(path(postmortem, "versions/?version=77")).status_code == 404


def test_a_conflict_loses_no_sentence(
    web: Client, client: Client, postmortem: Postmortem, other: User
) -> None:
    text = "Alpha holds.\n\nBeta holds.\n\nGamma holds.\n"
    web.post(path(postmortem, "edit/"), edit_form(postmortem, body=text))
    postmortem.refresh_from_db()
    second = Client()
    second.force_login(other)
    mine = edit_form(postmortem, body=text.replace("Alpha holds.", "Alpha fell."))
    theirs = edit_form(
        postmortem, body=text.replace("Gamma holds.", "Gamma rose.").replace("Beta", "Bold Beta")
    )
    assert web.post(path(postmortem, "edit/"), mine).status_code == 302
    conflict = second.post(path(postmortem, "edit/"), theirs)
    assert conflict.status_code == 409
    page = conflict.content.decode()
    assert "oncall saved while you were writing" in page
    postmortem.refresh_from_db()
    assert "Gamma rose" not in postmortem.body, "nothing is written before they saw it"
    merged = conflict.context["form"]["body"].value()
    assert all(part in merged for part in ("Alpha fell.", "Bold Beta holds.", "Gamma rose."))
    # They close the page: what they wrote is still there.
    assert "Gamma rose." in second.get(path(postmortem, "edit/")).content.decode()
    again = edit_form(
        postmortem, body=merged, base_version=conflict.context["form"]["base_version"].value()
    )
    assert second.post(path(postmortem, "edit/"), again).status_code == 302
    postmortem.refresh_from_db()
    assert postmortem.body == merged


LINES = st.lists(st.sampled_from(["a", "b", "c", "", "d e", "f"]), max_size=12).map("\n".join)


@given(base=LINES, mine=LINES, theirs=LINES)
def test_merged_text_holds_every_line_that_either_added(base: str, mine: str, theirs: str) -> None:
    merged, _ = merge_texts(base, mine, theirs)
    lines = set(merged.splitlines())
    for text in (mine, theirs):
        added = set(text.splitlines()) - set(base.splitlines()) - {""}
        assert added <= lines


@given(base=LINES, mine=LINES)
def test_merging_with_an_unchanged_text_gives_the_changed_one(base: str, mine: str) -> None:
    expected = mine if not mine or mine.endswith("\n") else mine + "\n"
    for merged, places in (merge_texts(base, mine, base), merge_texts(base, base, mine)):
        assert (merged, places) == (expected, 0)


def test_a_draft_is_stored_for_its_writer_only(
    web: Client, postmortem: Postmortem, other: User
) -> None:
    answer = web.post(path(postmortem, "draft/"), edit_form(postmortem, body="half a sent")).json()
    assert answer["behind"] is False
    assert "half a sent" in web.get(path(postmortem, "edit/")).content.decode()
    second = Client()
    second.force_login(other)
    assert "half a sent" not in second.get(path(postmortem, "edit/")).content.decode()
    web.post(path(postmortem, "edit/"), {"discard": "1"})
    assert not postmortem.drafts.exists()
    assert web.post(path(postmortem, "draft/"), {"body": "x"}).status_code == 400


def test_review_comments_and_publishing(
    web: Client, postmortem: Postmortem, other: User, user: User
) -> None:
    web.post(path(postmortem, "reviewers/"), {"reviewers": [other.pk]})
    postmortem.refresh_from_db()
    assert postmortem.state == "in_review"
    assert "Please review" in Notice.objects.get(user=other).text
    reader = Client()
    reader.force_login(other)
    remark = {"text": "Since when?", "passage": "Index lost in the migration"}
    reader.post(path(postmortem, "comments/"), remark)
    gone = {"text": "Where?", "passage": "words that are not there"}
    refused = reader.post(path(postmortem, "comments/"), gone, follow=True)
    assert "has no such passage" in refused.content.decode()
    reader.post(path(postmortem, "review/"), {"state": "approved"})
    page = web.get(path(postmortem)).content.decode()
    assert "Since when?" in page
    assert "Approved" in page
    comment = postmortem.comments.get()
    web.post(path(postmortem, f"comments/{comment.pk}/"))
    assert "resolved by oncall" in web.get(path(postmortem)).content.decode()
    web.post(path(postmortem, "publish/"))
    postmortem.refresh_from_db()
    assert postmortem.state == "published"
    assert postmortem.published_at
    web.post(path(postmortem, "publish/"), {"back": "1"})
    postmortem.refresh_from_db()
    assert (postmortem.state, postmortem.published_at) == ("draft", None)


def test_it_rejects_a_reviewer_who_may_not_see_an_incident(
    web: Client, user: User, other: User
) -> None:
    secret = file_incident(title="Zebra", private=True, reporter=user)
    postmortem = editing.start_postmortem([secret], user)
    page = web.post(path(postmortem, "reviewers/"), {"reviewers": [other.pk]}, follow=True)
    assert "other may not see all of its incidents" in page.content.decode()
    assert not Notice.objects.exists()


def test_mentioned_people_get_a_notice_if_they_may_read_it(
    web: Client, postmortem: Postmortem, other: User
) -> None:
    web.post(
        path(postmortem, "edit/"), edit_form(postmortem, body="Thanks @other and @nobody-here")
    )
    assert "You are mentioned in" in Notice.objects.get(user=other).text
    assert "<strong>@other</strong>" in web.get(path(postmortem)).content.decode()


def test_hints_ask_for_conditions_instead_of_blame() -> None:
    text = (
        "It was human error.\n\n> he said: human error\n\n```\nhuman error\n```\n"
        "She should have checked."
    )
    assert [(hint.line, hint.phrase) for hint in hints_for(text)] == [
        (1, "human error"), (8, "should have checked"),
    ]  # fmt: skip
    assert hints_for("The deploy removed the index. Alerts fired after 11 minutes.") == []


@pytest.mark.parametrize(
    "vector",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))", "![x](javascript:alert(1))", "<svg/onload=alert(1)>",
        '[x](http://a" onmouseover="alert(1))', "<iframe src='//evil.example'></iframe>",
        "![x](https://evil.example/pixel.png)", "![x](//evil.example/pixel.png)",
        "[x](data:text/html;base64,PHNjcmlwdD4=)", "<a href='vbscript:x'>x</a>",
        "`<img src=x onerror=alert(1)>`",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "![x](/sign-out/)", "@<b onclick=alert(1)>x", "INC-1<script>alert(1)</script>",
        "<details open ontoggle=alert(1)>", "[a]: javascript:alert(1)\n\n[a]",
        "<style>*{x:expression(alert(1))}</style>",
    ],
)  # fmt: skip
def test_markdown_runs_no_script_and_loads_nothing(
    web: Client, postmortem: Postmortem, vector: str
) -> None:
    html = render_markdown(vector).lower()
    for tag in ("<script", "<iframe", "<svg", "<style", "<form", "<math", "<details"):
        assert tag not in html
    assert "<img" not in html, "only pictures of our own are shown"
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert 'href="vbscript' not in html
    assert not re.search(r"<[a-z][^>]*\son\w+\s*=", html)
    web.post(path(postmortem, "edit/"), edit_form(postmortem, body=vector))
    exported = registry()["html"]().export(Postmortem.objects.get(), postmortem.author).decode()
    assert "<script" not in exported.lower()
    assert registry()["pdf"]().export(Postmortem.objects.get(), postmortem.author)[:5] == b"%PDF-"


def test_pasted_pictures_are_shown_to_readers_of_the_text_only(
    web: Client, known: Incident, user: User, other: User
) -> None:
    secret = file_incident(title="Zebra", private=True, reporter=user)
    postmortem = editing.start_postmortem([secret], user)
    send = SimpleUploadedFile("p.png", PNG, "image/png")
    made = web.post(path(postmortem, "pictures/"), {"picture": send})
    assert made.status_code == 201
    address = made.json()["path"]
    shown = web.get(address)
    assert (shown["Content-Type"], shown.content) == ("image/png", PNG)
    assert f'<img src="{address}" alt="x">' in render_markdown(f"![x]({address})")
    stranger = Client()
    stranger.force_login(other)
    assert stranger.get(address).status_code == 404
    for wrong in (b"<svg onload=alert(1)>", b"GIF8", PNG + b"x" * 2 * 1024**2):
        bad = SimpleUploadedFile("p.png", wrong, "image/png")
        assert web.post(path(postmortem, "pictures/"), {"picture": bad}).status_code == 422
    assert web.post(path(postmortem, "pictures/")).status_code == 400


BODY = (
    "## Summary\n\nINC-1 **bold** *it* ~~no~~ `code` [link](https://example.org/a\"b) #hash $x$ "
    "\\ \" é 日\n\n> quoted\n\n1. one\n2. two\n   - inner\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
    "```\nSELECT 1;\n```\n\n---\n\n"
    "![chart](/analysis/evidence/99999/chart.png)\n"
)  # fmt: skip


@pytest.mark.parametrize("kind", ["markdown", "html", "json", "pdf"])
def test_it_is_exported_with_facts_text_and_actions(
    web: Client, postmortem: Postmortem, kind: str, user: User
) -> None:
    postmortem.body = BODY
    postmortem.save()
    add_action(postmortem, title="Run EXPLAIN | in review", owner=user)
    answer = web.get(path(postmortem, f"as/{kind}/"))
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    if kind == "pdf":
        pages = PdfReader(io.BytesIO(answer.content)).pages
        text = " ".join(" ".join(page.extract_text() for page in pages).split())
    else:
        text = answer.content.decode()
    assert postmortem.title in text
    assert "SELECT 1;" in text
    assert "review" in text
    if kind == "json":
        answer = json.loads(text)
        assert answer["incidents"][0]["causes"][0]["name"] == "Index lost in the migration"
        assert answer["action_items"][0]["owner"] == "oncall"


def test_an_unknown_format_is_not_found(web: Client, postmortem: Postmortem) -> None:
    assert web.get(path(postmortem, "as/docx/")).status_code == 404


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_no_text_breaks_out_of_its_typst_literal(text: str) -> None:
    typst.compile(TypstWriter(lambda path: None, "https://kb.example").markup(text).encode())


def test_real_postmortems_become_pdf(postmortem: Postmortem, user: User) -> None:
    rows = [json.loads(line) for line in data("text/postmortems/docs.jsonl").open()]
    for row in rows[::24]:
        postmortem.body = row["body"]
        assert registry()["pdf"]().export(postmortem, user)[:5] == b"%PDF-"


def test_action_items_have_owner_date_and_state_and_are_listed_when_overdue(
    web: Client, postmortem: Postmortem, other: User
) -> None:
    day = (timezone.now() - timedelta(days=3)).date().isoformat()
    form = {"title": "Test the plan", "kind": "prevent", "owner": other.pk, "due_on": day}
    web.post(path(postmortem, "actions/"), form)
    action = ActionItem.objects.get()
    assert action.cause
    assert action.cause.name == "Index lost in the migration"
    assert "Yours now: Test the plan" in Notice.objects.get(user=other).text
    assert "overdue" in web.get("/knowledge/actions/?which=overdue").content.decode()
    assert "Test the plan" in web.get("/analysis/gaps/").content.decode()
    web.post(f"/knowledge/actions/{action.pk}/state/", {"state": "done"})
    action.refresh_from_db()
    assert action.closed_at
    edited = {**form, "title": "Test every plan", "state": "open"}
    web.post(f"/knowledge/actions/{action.pk}/", edited)
    action.refresh_from_db()
    assert (action.title, action.closed_at) == ("Test every plan", None)
    refused = web.post(path(postmortem, "actions/"), {"title": "", "kind": "prevent"}, follow=True)
    assert "title: This field is required." in refused.content.decode()


def test_owners_are_reminded_once_a_week(postmortem: Postmortem, other: User) -> None:
    today = timezone.now().date()
    action = add_action(postmortem, title="Soon", owner=other, due_on=today + timedelta(days=2))
    add_action(postmortem, title="Later", owner=other, due_on=today + timedelta(days=20))
    assert remind_owners_of_due_items(today) == 1
    assert remind_owners_of_due_items(today) == 0
    assert remind_owners_of_due_items(today + timedelta(days=7)) == 1
    assert "5 days overdue" in Notice.objects.filter(user=other).latest("pk").text
    edit_action(action, state="done")
    assert remind_owners_of_due_items(today + timedelta(days=15)) == 0


def test_a_stranger_reads_no_postmortem_or_action_of_a_private_incident(
    user: User, other: User
) -> None:
    secret = file_incident(title="Zebra leak", private=True, reporter=user)
    postmortem = editing.start_postmortem([secret], user)
    action = add_action(postmortem, title="Zebra vault", owner=user)
    stranger = Client()
    stranger.force_login(other)
    for rest in ("", "edit/", "versions/", "as/pdf/", "as/markdown/"):
        assert stranger.get(path(postmortem, rest)).status_code == 404
    for rest in ("draft/", "publish/", "comments/", "actions/", "pictures/", "reviewers/"):
        assert stranger.post(path(postmortem, rest)).status_code == 404
    assert stranger.get(f"/knowledge/actions/{action.pk}/").status_code == 404
    for page in (
        "/knowledge/postmortems/", "/knowledge/actions/?which=all", "/knowledge/reports/",
        "/analysis/gaps/", "/analysis/search/?q=zebra", "/analysis/search/?q=leak",
    ):  # fmt: skip
        assert "Zebra" not in stranger.get(page).content.decode().replace('">zebra<', "")
