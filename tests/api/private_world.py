"""A private incident with everything that can hang on one, and a word of its own in every text.

The words are put into the rows by the models themselves: a text field that is added later has one
without anybody thinking of it. A model that is added fails until the world has a row of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.core.management.color import no_style
from django.db import connection, models
from django.utils import timezone

from analysis import models as analysis
from incidents.filing import add_note, edit_incident, file_incident
from incidents.models import (
    Alert,
    CustomField,
    Event,
    FieldValue,
    Incident,
    Notice,
    PagerAct,
    Service,
)
from incidents.models.timeline import TimelineVersion
from kb import models as kb
from kb.causes import fixes, linking
from kb.postmortems import action_items, editing
from practice.models import ReadinessFinding
from tests.pictures import png

OURS = ("incidents", "kb", "analysis", "practice")
FIRST = 777
"""The number of the first private record of each kind: one number leads to all of them."""
WORD = re.compile(r"zq([0-9a-z]{4})q")
READ_BY_CODE = {
    # Names that the code looks up: nobody writes them.
    "analysis.Source.kind", "incidents.Incident.guessed_times", "kb.Picture.content_type",
    "analysis.Evidence.digest", "kb.Category.slug", "analysis.EvidenceRequest.threshold",
    # What an address is made of is no text; it is tried as an address.
    "incidents.Event.path", "kb.Citation.path", "incidents.Event.kind",
}  # fmt: skip


NO_PART = {"kb.Fix.returned_with"}
"""References of what stays public to what became private: they are hidden, their rows are not."""


def paths_to_private(model: type[models.Model], seen: tuple[Any, ...] = ()) -> Iterator[str]:
    """Lookups from a model to the records that can be private of which its rows are part."""
    if any(field.name == "private" for field in model._meta.concrete_fields):
        yield "private"
    for field in model._meta.concrete_fields:
        target: Any = field.related_model
        if not isinstance(field, models.ForeignKey) or target in (*seen, model):
            continue
        if f"{model._meta.label}.{field.name}" in NO_PART:
            continue
        if target._meta.app_label in OURS and "istorical" not in target.__name__:
            for path in paths_to_private(target, (*seen, model)):
                yield f"{field.name}__{path}"


def private_rows(model: type[models.Model]) -> models.QuerySet[Any]:
    if original := getattr(model, "instance_type", None):
        # Earlier versions, also those from before it became private.
        keys = private_rows(original).values("pk")
        return model._default_manager.filter(**{f"{original._meta.pk.name}__in": keys})
    condition = models.Q(pk__in=[])
    for path in paths_to_private(model):
        condition |= models.Q(**{path: True})
    return model._default_manager.filter(condition)


def private_models() -> list[type[models.Model]]:
    """Every model whose rows are private, or part of what is."""
    found = [model for app in OURS for model in apps.get_app_config(app).get_models()]
    return [
        model for model in found if list(paths_to_private(getattr(model, "instance_type", model)))
    ]


class Words:
    """The word of each text field, and which field a word is of."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}

    def of(self, field: str) -> str:
        word = f"zq{len(self.fields):04d}q"
        self.fields[word] = field
        return word

    def fill(self) -> None:
        for model in private_models():
            rows = private_rows(model)
            texts = [field for field in model._meta.concrete_fields if self._is_text(field)]
            for field in texts:
                word = self.of(f"{model._meta.label}.{field.name}")
                for row in rows:
                    value = self._with(word, getattr(row, field.attname), field)
                    model._base_manager.filter(pk=row.pk).update(**{field.name: value})

    @staticmethod
    def _is_text(field: Any) -> bool:
        name = f"{field.model._meta.label}.{field.name}".replace("Historical", "")
        kinds = (models.CharField, models.TextField, models.JSONField)
        is_row = field.name == "history_type" or field.name in ("state", "claimed_by")
        return isinstance(field, kinds) and not (field.choices or is_row or name in READ_BY_CODE)

    @staticmethod
    def _with(word: str, value: Any, field: Any) -> Any:
        if isinstance(field, models.JSONField):
            return _in_json(word, value)
        if isinstance(field, models.URLField):
            return f"https://example.com/{word}"
        room = (field.max_length or 1000) - len(word) - 1
        return f"{word} {value}"[: room + len(word) + 1] if room >= 0 else value

    def found_in(self, text: str) -> set[str]:
        return {self.fields.get(f"zq{number}q", number) for number in WORD.findall(text)}


def _in_json(word: str, value: Any) -> Any:
    if isinstance(value, str):
        return f"{word} {value}"
    if isinstance(value, list):
        return [_in_json(word, each) for each in value]
    if isinstance(value, dict):
        return {key: _in_json(word, each) for key, each in value.items()} or {word: word}
    return value


def restart_numbers(first: int) -> None:
    tables = [
        model._meta.db_table
        for app in OURS
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
        if isinstance(model._meta.pk, models.AutoField)
    ]
    with connection.cursor() as cursor:
        for table in tables:
            column = "history_id" if "historical" in table else "id"
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s, false)",
                [f'"{table}"', column, first],
            )


def reset_numbers() -> None:
    tables = [model for app in OURS for model in apps.get_app_config(app).get_models()]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)


def public_world(owner: User, service: Service) -> Incident:
    """An incident that everybody sees, with a cause and a postmortem of its own."""
    incident = file_incident(title="orders-db is slow", reporter=owner, services=[service])
    CustomField.objects.create(name="customer", label="Customer", feeds_similarity=True)
    cause = linking.name_cause(incident, "Missing index", author=owner).cause
    fixes.mark_fixed(cause, owner, "Index added", timezone.now() - timedelta(days=3))
    postmortem = editing.start_postmortem([incident], owner)
    editing.publish(postmortem)
    action_items.add_action(postmortem, title="Add the index", owner=owner, cause=cause)
    kb.Cause.objects.create(name="Pool too small", superseded_by=cause)
    analysis.Source.objects.create(name="Logs", kind="logfiles")
    workspace = kb.Workspace.objects.create(kind="slack", name="Hidden", settings={})
    kb.NotificationRule.objects.create(workspace=workspace, events=["incident.filed"])
    kb.ChannelRule.objects.create(workspace=workspace, private_incidents="channel")
    kb.Tracker.objects.create(kind="jira", name="Board", settings={})
    connection = kb.HistoryConnection.objects.create(kind="jira", name="Past", settings={})
    kb.PublishTarget.objects.create(kind="notion", name="Wiki", settings={})
    kb.HistoryReading.objects.create(connection=connection, purpose="import", state="done")
    return incident


def private_world(owner: User, service: Service, strangers: Iterable[User]) -> Incident:
    """What becomes private only when all of it is there: each stranger had a part in it."""
    restart_numbers(FIRST)
    incident = file_incident(
        title="Credential leak of orders-db", reporter=owner, services=[service], symptom="leak",
        severity="SEV1", external_source="jira", external_id="SEC-1", labels={"alertname": "leak"},
    )  # fmt: skip
    note = add_note(incident, "seen", owner)
    TimelineVersion.objects.create(entry=note, text="earlier", at=note.at)
    _causes(incident, owner)
    _evidence(incident, service)
    _postmortem(incident, owner, list(strangers))
    rule = kb.NotificationRule.objects.get()
    workspace = rule.workspace
    kb.IncidentChannel.objects.create(workspace=workspace, channel="C777", incident=incident)
    kb.OpenedChannel.objects.create(
        rule=kb.ChannelRule.objects.get(), workspace=workspace, incident=incident, channel="C777",
        name="inc-leak", is_private=True, state="done",
    )  # fmt: skip
    for event in Event.objects.filter(incident=incident):
        kb.NotificationDelivery.objects.create(rule=rule, event=event, state="done")
    kb.StatedAnswer.objects.get_or_create(incident=incident)
    ReadinessFinding.objects.get_or_create(
        incident=incident, service=service, kind="no-alert", defaults={"note": "why"}
    )
    kb.TrackedIssue.objects.create(
        action=kb.ActionItem.objects.filter(postmortem__incidents=incident)[0], issue_id="1",
        tracker=kb.Tracker.objects.get(), key="SEC-1", title="t", status="s", state="done",
        url="https://jira.example/browse/SEC-1", checked_at=timezone.now(), issue_state="open",
    )  # fmt: skip
    kb.PublishedCopy.objects.create(
        postmortem=kb.Postmortem.objects.filter(incidents=incident)[0],
        target=kb.PublishTarget.objects.get(), remote_id="7", state="done", version=1,
        url="https://wiki.example/7",
    )  # fmt: skip
    edit_incident(incident, owner, title="Leak of credentials", private=True)
    incident.refresh_from_db()
    public = kb.Cause.objects.get(name="Missing index")
    link = linking.link_cause(incident, public, state="confirmed", reason="again", author=owner)
    linking.cite_evidence(link, "The chart", "/analysis/evidence/777/", owner)
    # Their times are over, as if it all had happened yesterday.
    Event.objects.update(at=timezone.now() - timedelta(minutes=5))
    return incident


def _causes(incident: Incident, owner: User) -> None:
    first = linking.name_cause(
        incident, "Token in a public bucket", author=owner, what_happens="a", how_to_tell="b",
        how_to_fix="c", how_to_prevent="d",
    )  # fmt: skip
    later = linking.name_cause(incident, "Key was never rotated", author=owner)
    linking.chain_causes(incident, first.cause, later.cause, owner)
    linking.cite_evidence(first, "A chart", incident.get_absolute_url(), owner)
    check = kb.Check.objects.create(
        cause=first.cause, name="c", source="Logs", query="q", threshold=1
    )
    analysis.CheckRun.objects.create(
        check_asked=check, incident=incident, state="failed", error="e", detail="d"
    )
    fixes.mark_fixed(first.cause, owner, "rotated")


def _evidence(incident: Incident, service: Service) -> None:
    """Evidence, a finding and all else that pulls bring."""
    at = incident.impact_started_at
    Alert.objects.create(
        source="test", fingerprint="f", name="alert", summary="s", incident=incident,
        service=service, starts_at=at,
    )  # fmt: skip
    FieldValue.objects.create(
        field=CustomField.objects.get(name="customer"), incident=incident, text="acme"
    )
    PagerAct.objects.create(
        source="pagerduty 7", external_id="e1", incident=incident, act="acknowledge", person="PADA"
    )
    source = analysis.Source.objects.get(name="Logs")
    same: dict[str, Any] = {
        "incident": incident, "service": service, "what": "lines", "query": "q",
        "window_start": at - timedelta(hours=1), "window_end": at,
    }  # fmt: skip
    request = analysis.EvidenceRequest.objects.create(source=source, state="done", **same)
    evidence = analysis.Evidence(request=request, kind="lines", source_name="Logs", **same)
    evidence.freeze([{"at": at.timestamp(), "text": "zq9999q in the log"}])
    evidence.save()
    analysis.Finding.objects.create(
        incident=incident, evidence=evidence, service=service, kind="new_template", text="new",
        score=1.0, term="template:x", data={"template": "in <*>"},
    )  # fmt: skip
    analysis.Fingerprint.objects.create(incident=incident, templates={"t": "line"})
    analysis.FollowUp.objects.create(incident=incident, reason="more")
    analysis.ShownAnswer.objects.create(incident=incident, causes=[])
    unclear = {"weaker": 0, "windows": 0, "abnormal": 0}
    analysis.ThinnedIncident.objects.create(
        incident=incident, at=timezone.now(), rule="rule",
        origins={"suspects": [], "confidence": unclear},
    )  # fmt: skip
    analysis.LogSign.objects.create(
        source=source, service=service, kind="new", template_id="abc", example="line", count=3,
        at=at, last_at=timezone.now(), incident=incident,
    )  # fmt: skip


def _postmortem(incident: Incident, owner: User, strangers: list[User]) -> None:
    postmortem = editing.start_postmortem([incident], owner)
    editing.save_postmortem(
        postmortem, owner, base_version=1, title="Account of the leak", body="All of it"
    )
    for person in strangers:
        # Of what they once had a part in, they have the notices.
        editing.request_review(postmortem, [person], owner)
        action_items.add_action(
            postmortem, title=f"Rotate the key of {person}", owner=person, owner_named="who",
            tracker_url="https://example.com/1", due_on=timezone.now().date() - timedelta(days=1),
            cause=incident.causes.order_by("pk").first(),
        )  # fmt: skip
        rows: list[Any] = [incident, *incident.causes.all(), postmortem]
        for row in rows:
            Notice.objects.create(
                user=person, key=f"of {row.get_absolute_url()}", text="zq9998q",
                path=row.get_absolute_url(),
            )  # fmt: skip
    postmortem.refresh_from_db()
    editing.publish(postmortem)
    editing.comment_on(postmortem, "really?", owner)
    editing.store_image(postmortem, png(1, 1, text=b"zq9997q"), owner)
    editing.save_draft(postmortem, owner, 2, "draft title", "draft body")
