"""Pages are in the language of who reads them; what is stored, sent and exported is in English."""

from __future__ import annotations

import re
from datetime import timedelta
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms import DateField
from django.template import Context, Template
from django.test import Client
from django.utils import timezone, translation

from common.language import in_english
from incidents.models import Incident
from people.models import AuditEntry
from people.preferences import language_of_person, set_language

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
AGO = "vor 5 min"
"""How a German page, and no other, says when the incident of these tests began."""


@pytest.fixture
def shown(incident: Incident) -> Incident:
    begun = timezone.now() - timedelta(minutes=5)
    Incident.objects.filter(pk=incident.pk).update(detected_at=begun, impact_started_at=begun)
    return incident


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("fr,de;q=0.5", "de"),
        ("en-GB,de;q=0.5", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("../../etc/passwd", "en"),
        ("d" * 9000, "en"),
        ("", "en"),
    ],
)
def test_the_browser_names_a_language_that_pages_exist_in(
    client: Client, asked: str, language: str
) -> None:
    answer = client.get("/sign-in/", headers={"Accept-Language": asked})
    assert f'<html lang="{language}"' in answer.content.decode()
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_person_chooses_a_language_over_that_of_the_browser(web: Client, user: User) -> None:
    page = web.post("/account/language/", {"language": "de"}, follow=True)
    assert '<html lang="de"' in page.content.decode()
    user.account.refresh_from_db()
    assert user.account.language == "de"
    set_language(user, "en")
    assert '<html lang="en"' in web.get("/account/", headers=GERMAN).content.decode()
    set_language(user, "")
    assert '<html lang="de"' in web.get("/account/", headers=GERMAN).content.decode()


def test_an_unknown_language_is_refused(web: Client, user: User) -> None:
    with pytest.raises(ValidationError, match="Choose a language"):
        set_language(user, "tlh")
    page = web.post("/account/language/", {"language": "tlh"}, follow=True)
    assert "Choose a language of the list." in page.content.decode()


def test_a_language_that_this_release_does_not_have_is_that_of_the_browser(user: User) -> None:
    set_language(user, "de")
    assert language_of_person(user) == "de"
    user.account.language = "tlh"
    assert language_of_person(user) == ""


def test_readers_in_two_languages_see_the_same_page_each_in_their_own(
    web: Client, shown: Incident
) -> None:
    """Also when one process has served the other before."""
    for _ in range(2):
        german, english = web.get("/", headers=GERMAN), web.get("/")
        assert AGO in german.content.decode()
        assert "5 min ago" not in german.content.decode()
        assert "5 min ago" in english.content.decode()
        assert AGO not in english.content.decode()
    assert translation.get_language() == "en"


def test_a_german_reader_sees_german_pages(web: Client, shown: Incident) -> None:
    def page(path: str) -> str:
        return web.get(path, headers=GERMAN).content.decode()

    assert "Offene Incidents" in page("/home/")
    assert "Wird untersucht" in page("/")
    detail = page(shown.get_absolute_url())
    assert "Wahrscheinliche Ursache" in detail
    assert "Als behoben melden" in detail
    assert "Beginn der Auswirkung (UTC)" in page("/new/")


def rows_of_acts(web: Client, headers: dict[str, str]) -> list[str]:
    """What some acts of one person store, without what differs from one incident to the next."""
    filed = web.post("/new/", {"title": "Checkout fails", "severity": "SEV3"}, headers=headers)
    path = filed.headers["Location"]
    acts = {
        "status": {"status": "mitigated"},
        "severity": {"severity": "SEV1"},
        "owner": {"person": "oncall"},
        "notes": {"text": "A restart helped."},
        "edit": {"title": "Checkout fails", "impact_started_at": "2026-03-01T02:57"},
    }
    for name, fields in acts.items():
        assert web.post(f"{path}{name}/", fields, headers=headers).status_code == 302
    incident = Incident.objects.latest("pk")
    audited = AuditEntry.objects.filter(record_type="incidents.incident", record_id=incident.pk)
    rows = [
        *incident.timeline.order_by("pk").values_list("kind", "text"),
        *incident.events.order_by("pk").values_list("kind", "text"),
        *audited.order_by("pk").values_list("event", "record_name", "changes"),
    ]
    varying = re.compile(r"INC-\d+|\d{4}-\d\d-\d\dT[\d:.]+")
    return [varying.sub("…", str(row)) for row in rows]


def test_the_same_acts_store_the_same_in_both_languages(web: Client) -> None:
    english, german = rows_of_acts(web, {}), rows_of_acts(web, GERMAN)
    assert german == english
    assert "Investigating → Mitigated" in str(german)


def test_the_message_after_an_act_is_in_the_readers_language(web: Client, shown: Incident) -> None:
    path = shown.get_absolute_url()
    after = web.post(f"{path}status/", {"status": "mitigated"}, headers=GERMAN, follow=True)
    assert "Status ist Abgemildert." in after.content.decode()
    refused = web.post(f"{path}notes/", {"text": ""}, headers=GERMAN, follow=True)
    assert "Schreiben Sie zuerst eine Notiz." in refused.content.decode()


def test_what_an_act_renders_is_in_the_readers_language(web: Client, shown: Incident) -> None:
    page = web.post(f"{shown.get_absolute_url()}edit/", {"title": ""}, headers=GERMAN)
    assert page.status_code == 422
    assert "Dieses Feld ist zwingend erforderlich." in page.content.decode()


def test_files_are_the_same_in_every_language(web: Client, shown: Incident) -> None:
    german, english = (web.get("/incidents.csv", headers=each) for each in (GERMAN, {}))
    assert b"".join(german) == b"".join(english)


def test_the_api_is_in_english(web: Client, shown: Incident) -> None:
    refused = web.post("/api/v1/incidents/", {}, content_type="application/json", headers=GERMAN)
    assert refused.status_code == 400
    assert "This field is required." in refused.content.decode()


def test_figures_and_days_of_forms_are_written_as_in_english() -> None:
    with translation.override("de"):
        shown = Template("{{ n|floatformat:1 }} {{ n }}").render(Context({"n": 1234.5}))
        assert shown == "1234.5 1234.5"
        day = timezone.now().date()
        assert DateField().widget.format_value(day) == day.isoformat()
        assert DateField().clean("2026-11-28").isoformat() == "2026-11-28"


def test_a_text_without_variables_is_translated_once_for_each_language() -> None:
    page = Template(
        '{% translate "Save" %} {% blocktranslate %}Save{% endblocktranslate %} '
        "{% translate word %}"
    )

    def shown(language: str, word: str) -> str:
        with translation.override(language):
            return page.render(Context({"word": word}))

    for _ in range(2):
        assert shown("en", "Save") == "Save Save Save"
        assert shown("de", "Save") == "Speichern Speichern Speichern"
        assert shown("de", "Cancel") == "Speichern Speichern Abbrechen"


def test_threads_that_write_english_at_once_leave_each_other_alone() -> None:
    left: list[str | None] = []

    @in_english()
    def file() -> str | None:
        return translation.get_language()

    def read(language: str) -> None:
        with translation.override(language):
            assert file() == "en"
            left.append(translation.get_language())

    threads = [Thread(target=read, args=[language]) for language in ("de", "en", "de")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(map(str, left)) == ["de", "de", "en"]
