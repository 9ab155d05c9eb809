"""The same words give the same record, whether by form, API, chat, command line or import."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from incidents.events.signals import incident_resolved
from incidents.history_import import import_incidents
from incidents.models import Incident, Service, TierPolicy
from incidents.tokens import create_token
from kb.chat.base import ChatEvent
from kb.chatops import dispatch
from kb.models import ChatPerson, Workspace
from people.membership import give_role
from people.models import Role

pytestmark = pytest.mark.django_db

TITLE = "orders-db:  slow,  checkout fails"
Filing = Callable[[str], None]


@pytest.fixture
def api(user: User) -> APIClient:
    client = APIClient()
    text = create_token(user, "test", "file")[1]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


@pytest.fixture
def manager(django_user_model: Any) -> APIClient:
    """Importing history is for those who set the product up."""
    person = django_user_model.objects.create_user("manager")
    give_role(person, Role.MANAGER)
    client = APIClient()
    client.force_authenticate(person)
    return client


@pytest.fixture
def chat(user: User) -> Callable[[str], str]:
    workspace = Workspace.objects.create(kind="slack", name="Shop")
    ChatPerson.objects.create(workspace=workspace, external_id="U1", user=user)

    def say(text: str) -> str:
        event = ChatEvent(kind="command", text=text, person="U1", channel="C1")
        return dispatch.answer_event(workspace, event, can_answer_privately=False).text

    return say


@pytest.fixture
def interfaces(
    web: Client, api: APIClient, manager: APIClient, chat: Callable[[str], str], tmp_path: Path
) -> dict[str, Filing]:
    """Every way in which an incident with nothing but a title can be filed."""
    now = timezone.now().isoformat()

    def by_form(title: str) -> None:
        answer = web.post("/new/", {"title": title, "severity": "SEV3"})
        assert answer.status_code == 302, answer.content

    def by_api(title: str) -> None:
        answer = api.post("/api/v1/incidents/", {"title": title}, format="json")
        assert answer.status_code == 201, answer.data

    def by_chat(title: str) -> None:
        assert "Filed as INC-" in chat(f"new {title}")

    def by_import(title: str) -> None:
        row = {"id": "7", "title": title, "started_at": now, "detected_at": now}
        assert not import_incidents([(1, row)], "export").skipped

    def by_import_by_api(title: str) -> None:
        row = {"id": "7", "title": title, "started_at": now, "detected_at": now}
        body = {"source": "list", "rows": [row]}
        assert manager.post("/api/v1/incidents/import/", body, format="json").data["new"] == 1

    def by_knowledge_import(title: str) -> None:
        path = tmp_path / "history.csv"
        path.write_text(f'id,title,started_at,detected_at\n7,"{title}",{now},{now}\n')
        call_command("import_knowledge", "csv", path)

    return {
        "form": by_form,
        "API": by_api,
        "chat": by_chat,
        "import": by_import,
        "import by API": by_import_by_api,
        "import of knowledge": by_knowledge_import,
    }


def shape(incident: Incident) -> dict[str, Any]:
    """What must be the same whatever the way in; times as minutes from now."""
    now = timezone.now()
    minutes = {
        name: None if (at := getattr(incident, name)) is None else round((now - at) / MINUTE)
        for name in Incident.TIMES
    }
    return {
        "title": incident.title,
        "symptom": incident.symptom,
        "severity": incident.severity,
        "status": incident.status,
        "private": incident.private,
        "services": sorted(service.name for service in incident.services.all()),
        "timeline": [entry.kind for entry in incident.timeline.all()],
        **minutes,
    }


MINUTE = timedelta(minutes=1)


def test_the_same_title_gives_the_same_incident(
    interfaces: dict[str, Filing], database: Service
) -> None:
    Service.objects.create(name="checkout")
    Service.objects.create(name="queue")
    shapes = {}
    for name, file in interfaces.items():
        file(TITLE)
        shapes[name] = shape(Incident.objects.latest("pk"))
    expected = {
        "title": "orders-db: slow, checkout fails",
        "symptom": "",
        "severity": "SEV3",
        "status": "investigating",
        "private": False,
        "services": ["checkout", "orders-db"],
        "timeline": ["filed"],
        "impact_started_at": 0,
        "detected_at": 0,
        "acknowledged_at": None,
        "mitigated_at": None,
        "resolved_at": None,
    }
    assert shapes == dict.fromkeys(interfaces, expected)


def test_history_without_a_detection_time_keeps_none(database: Service) -> None:
    row = {"id": "7", "title": TITLE, "started_at": "2025-03-01T00:00Z"}
    import_incidents([(1, row)], "export")
    assert Incident.objects.get().detected_at is None


def test_what_was_written_up_afterwards_was_not_detected_now(api: APIClient) -> None:
    hours_ago = timezone.now() - timedelta(hours=3)
    body = {"title": "Mail late", "impact_started_at": hours_ago, "mitigated_at": hours_ago}
    assert api.post("/api/v1/incidents/", body, format="json").data["detected_at"] is None
    ahead = {"title": "Move", "impact_started_at": timezone.now() + timedelta(hours=3)}
    assert api.post("/api/v1/incidents/", ahead, format="json").data["detected_at"] is None


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (datetime(2190, 1, 1, tzinfo=UTC), "lies in the future"),
        (datetime(22, 1, 1, tzinfo=UTC), "lies before 1000"),
    ],
)
def test_an_impossible_time_is_refused_everywhere(
    web: Client, api: APIClient, at: datetime, why: str
) -> None:
    written = at.isoformat()[:16]
    form = {"title": TITLE, "severity": "SEV3", "impact_started_at": written}
    assert why in web.post("/new/", form).content.decode()
    body = {"title": TITLE, "impact_started_at": at}
    answer = api.post("/api/v1/incidents/", body, format="json")
    assert why in answer.data["errors"]["impact_started_at"][0]
    row = {"id": "7", "title": TITLE, "started_at": written}
    (skipped,) = import_incidents([(1, row)], "export").skipped
    assert "impact_started_at" in skipped.why
    assert not Incident.objects.exists()


@pytest.fixture
def resolved(django_capture_on_commit_callbacks: Any) -> Any:
    """Run something and count the signals that say an incident was resolved."""

    def count(act: Callable[[], Any]) -> int:
        heard = []

        def hear(incident: Incident, **_: Any) -> None:
            heard.append(incident)

        incident_resolved.connect(hear)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                act()
        finally:
            incident_resolved.disconnect(hear)
        return len(heard)

    return count


@pytest.mark.parametrize("interface", ["form", "API", "chat"])
def test_a_status_moves_alike_everywhere_and_is_signalled_once(
    web: Client,
    api: APIClient,
    chat: Callable[[str], str],
    incident: Incident,
    resolved: Any,
    interface: str,
) -> None:
    words = "Added the index"

    def resolve() -> None:
        if interface == "form":
            web.post(f"/INC-{incident.pk}/status/", {"status": "resolved", "resolution": words})
        elif interface == "API":
            body = {"status": "resolved", "resolution": words}
            assert api.patch(f"/api/v1/incidents/{incident.pk}/", body, format="json").data
        else:
            assert "is resolved" in chat(f"resolve INC-{incident.pk} {words}")

    assert resolved(resolve) == 1
    assert resolved(resolve) == 0
    incident.refresh_from_db()
    assert (incident.status, incident.resolution) == ("resolved", words)
    assert incident.resolved_at is not None
    assert incident.mitigated_at == incident.resolved_at
    entries = incident.timeline.exclude(kind="filed")
    assert [(entry.kind, entry.text) for entry in entries] == [
        ("status", f"Investigating → Resolved\n\n{words}")
    ]
    assert [event.kind for event in incident.events.all()] == [
        "incident.filed",
        "incident.resolved",
    ]


def test_editing_other_fields_signals_nothing(
    incident: Incident, api: APIClient, resolved: Any
) -> None:
    address = f"/api/v1/incidents/{incident.pk}/"
    assert resolved(lambda: api.patch(address, {"title": "Renamed"}, format="json")) == 0
    assert resolved(lambda: api.patch(address, {"status": "mitigated"}, format="json")) == 0


@pytest.mark.parametrize("word", ["SEV1", "sev1", "P1", "critical"])
def test_chat_reads_a_severity_as_imports_do(
    chat: Callable[[str], str], incident: Incident, word: str
) -> None:
    assert "is SEV1" in chat(f"severity INC-{incident.pk} {word}")
    row = {"id": "7", "title": "x", "started_at": "2025-03-01", "severity": word}
    import_incidents([(1, row)], "export")
    assert Incident.objects.get(external_id="7").severity == "SEV1"


def test_no_service_depends_on_itself(web: Client, api: APIClient, database: Service) -> None:
    why = "A service does not depend on itself."
    form = {
        "name": database.name, "tier": "core", "lifecycle": "general", "kind": "postgresql",
        "depends_on": [database.pk],
    }  # fmt: skip
    page = web.post(f"/services/{database.pk}/edit/", form)
    assert page.status_code == 422
    assert why in page.content.decode()
    address = f"/api/v1/services/{database.pk}/"
    answer = api.patch(address, {"depends_on": [database.name]}, format="json")
    assert answer.data["errors"] == {"depends_on": [why]}
    assert not database.depends_on.exists()


@pytest.fixture
def root(django_user_model: Any) -> User:
    return django_user_model.objects.create_superuser("root")


@pytest.fixture
def admin_api(root: User) -> APIClient:
    client = APIClient()
    text = create_token(root, "test", "admin")[1]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def test_a_rule_for_jobs_needs_a_service_or_a_star(
    client: Client, root: User, admin_api: APIClient, database: Service
) -> None:
    client.force_login(root)
    why = "Choose the service"
    page = client.post("/rules/jobs/new/", {"pattern": "nightly", "kind": "deploy"})
    assert why in page.content.decode()
    answer = admin_api.post("/api/v1/deploy-rules/", {"pattern": "nightly"}, format="json")
    assert why in answer.data["errors"]["service"][0]
    for body in ({"pattern": "deploy-*"}, {"pattern": "nightly", "service": database.name}):
        assert admin_api.post("/api/v1/deploy-rules/", body, format="json").status_code == 201


def test_a_tier_policy_can_be_written_in_full_by_api(admin_api: APIClient) -> None:
    policy = TierPolicy.objects.get(tier="core")
    body = {"meaning": "Checkout", "paging": "At once", "target": "99.9500", "opens_after": 3}
    answer = admin_api.patch(f"/api/v1/tier-policies/{policy.pk}/", body, format="json")
    assert answer.status_code == 200, answer.data
    assert {name: answer.data[name] for name in body} == body


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "party"}, "kind"),
        ({"started_at": "2190-01-01T00:00:00Z"}, "started_at"),
        ({"finished_at": "2020-01-01T00:00:00Z"}, "__all__"),
    ],
)
def test_a_change_of_an_unknown_kind_or_impossible_date_is_refused(
    api: APIClient, database: Service, wrong: dict[str, str], field: str
) -> None:
    body = {"service": database.name, "title": "orders-db 8.53", **wrong}
    answer = api.post("/api/v1/changes/", body, format="json")
    assert answer.status_code == 400
    assert field in answer.data["errors"]
