"""Fields that a team adds to incidents or services, and their values.

Values are rows, not JSON on the record: a filter by value reads one index whatever the number of
incidents, a person is a foreign key that erasing and exporting people find by themselves, adding
the tables locks no large one, and whoever may not see an incident reaches none of its values.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.check_constraints import CheckConstraint
from incidents.models.incident import Incident
from incidents.models.service import Service

MOST_CHOICES, LONGEST_CHOICE, LONGEST_TEXT = 200, 100, 500


class CustomField(models.Model):
    """What a field is called, what it holds, and where it belongs."""

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        CHOICE = "choice", _("Choice")
        NUMBER = "number", _("Number")
        LINK = "link", _("Link")
        PERSON = "person", _("Person")

    class BelongsTo(models.TextChoices):
        INCIDENTS = "incidents", _("Incidents")
        SERVICES = "services", _("Services")

    class Needed(models.TextChoices):
        NEVER = "never", _("Never")
        FILING = "filing", _("When it is filed or added")

    name = models.CharField(
        _("name"),
        max_length=30,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z][a-z0-9_]*$",
                _("Begin with a letter, then small letters, digits and _ only: customer_tier."),
            )
        ],
        help_text=_("How search, API and imports call it: customer_tier."),
    )
    label = models.CharField(
        _("label"), max_length=60, help_text=_("What pages show: Customer tier.")
    )
    description = models.CharField(
        _("help"), max_length=200, blank=True, help_text=_("Shown below the field in forms.")
    )
    belongs_to = models.CharField(
        _("belongs to"), max_length=10, choices=BelongsTo, default=BelongsTo.INCIDENTS
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.TEXT)
    choices = models.JSONField(
        _("choices"), default=list, blank=True, help_text=_("In the order in which they are shown.")
    )
    needed = models.CharField(
        _("needed"),
        max_length=10,
        choices=Needed,
        default=Needed.NEVER,
        help_text=_("In forms and API. Chat, alerts and imports may leave it empty."),
    )
    needed_to_resolve = models.BooleanField(
        _("needed to resolve"),
        default=False,
        db_default=False,
        help_text=_(
            "People can resolve an incident only once it is set. Alerts that end resolve it anyway."
        ),
    )
    feeds_similarity = models.BooleanField(
        _("feeds similarity"),
        default=False,
        help_text=_("Incidents with the same words in it count as similar. Text and choices only."),
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Lower ones come first.")
    )
    archived = models.BooleanField(
        _("archived"), default=False, help_text=_("No longer shown or set. Its values stay.")
    )
    similarity_changed_at = models.DateTimeField(
        null=True, editable=False, help_text="When it began or ceased to feed similarity."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            CheckConstraint(condition=~Q(label=""), name="custom_field_has_label"),
        ]

    def __str__(self) -> str:
        return self.label

    def get_absolute_url(self) -> str:
        return reverse("incidents:custom-field", args=[self.pk])

    def choice_named(self, text: str) -> str | None:
        """The choice that is written so, in any case; None where there is none."""
        wanted = text.lower()
        return next((each for each in self.choices if each.lower() == wanted), None)

    def clean(self) -> None:
        self.label = " ".join(self.label.split())
        self.choices = _clean_choices(self.choices)
        errors: dict[str, Any] = {}
        if not self.label:
            errors["label"] = _("Say what pages call it.")
        if self.kind == self.Kind.CHOICE and not self.choices:
            errors["choices"] = _("Name at least one choice.")
        if self.kind != self.Kind.CHOICE and self.choices:
            errors["choices"] = _("Only a field of the kind “choice” has choices.")
        has_words = self.kind in (self.Kind.TEXT, self.Kind.CHOICE)
        if self.feeds_similarity and not (
            has_words and self.belongs_to == self.BelongsTo.INCIDENTS
        ):
            errors["feeds_similarity"] = _("Only text and choices of incidents feed similarity.")
        if self.needed_to_resolve and self.belongs_to != self.BelongsTo.INCIDENTS:
            errors["needed_to_resolve"] = _("Only incidents are resolved, services are not.")
        if errors:
            raise ValidationError(errors)


def _clean_choices(given: Any) -> list[str]:
    """Without blanks and repetitions. Raises ValidationError."""
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise ValidationError({"choices": _("Give a list of texts.")})
    trimmed = [" ".join(each.split()) for each in given]
    choices = list({each.lower(): each for each in reversed(trimmed) if each}.values())[::-1]
    if len(choices) > MOST_CHOICES or any(len(each) > LONGEST_CHOICE for each in choices):
        raise ValidationError(
            {
                "choices": _("Up to %(most)s choices of up to %(longest)s characters.")
                % {"most": MOST_CHOICES, "longest": LONGEST_CHOICE}
            }
        )
    return choices


class FieldValue(models.Model):
    """What one incident or service has in a field; without a row it is empty."""

    field = models.ForeignKey(
        CustomField,
        models.CASCADE,
        related_name="values",
        db_index=False,  # An index below begins with it.
    )
    incident = models.ForeignKey(
        Incident, models.CASCADE, null=True, blank=True, related_name="field_values"
    )
    service = models.ForeignKey(
        Service, models.CASCADE, null=True, blank=True, related_name="field_values"
    )
    text = models.CharField(
        max_length=LONGEST_TEXT, blank=True, help_text="Empty where it names a person."
    )
    number = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["field__position", "field_id"]
        indexes = [models.Index(fields=["field", "text"], name="field_value_by_text")]
        constraints = [
            models.UniqueConstraint(fields=["incident", "field"], name="field_value_of_incident"),
            models.UniqueConstraint(fields=["service", "field"], name="field_value_of_service"),
            CheckConstraint(
                condition=Q(incident=None) ^ Q(service=None), name="field_value_of_one_record"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field.name}: {self.shown}"

    @property
    def shown(self) -> str:
        """The value in words: of a person the name of the account."""
        return self.person.get_username() if self.person else self.text

    @property
    def is_private(self) -> bool:
        return bool(self.incident and self.incident.private)
