"""Services: what can break."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.check_constraints import CheckConstraint
from people.models import Team

SERVICE_NAME = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9 ._:/@-]*$",
    "Start with a letter or digit, then letters, digits, spaces and . _ : / @ - only.",
)


_LABEL = r"[A-Za-z_][A-Za-z0-9_]{0,99}=[A-Za-z0-9 ._:/@-]{1,200}"
LABELS = RegexValidator(
    rf"^\s*{_LABEL}(\s*,\s*{_LABEL}){{0,9}}\s*$",
    "Write label=value, with commas between: namespace=shop, job=checkout. "
    "Values have letters, digits, spaces and . _ : / @ - only.",
)


def addresses_in(text: str) -> list[str]:
    """The URLs in a text with one per line."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line.startswith(("http://", "https://"))]


def addresses_only(text: str) -> None:
    """Raises ValidationError for a line that is not a URL."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wrong = next((line for line in lines if not addresses_in(line) or " " in line), "")
    if wrong:
        raise ValidationError(
            _("“%(text)s” is not an address such as https://…"), params={"text": wrong[:80]}
        )


class Service(models.Model):
    """Something that can break: an application, database, queue, machine pool."""

    class Tier(models.TextChoices):
        CORE = "core", _("Core: if it fails, all users feel it")
        NORMAL = "normal", _("Normal: major features off the core flow")
        SUPPLEMENTARY = "supplementary", _("Supplementary: may be late")

    class Lifecycle(models.TextChoices):
        ARCHITECTURE = "architecture", _("Architecture")
        DEVELOPMENT = "development", _("Development")
        LIMITED = "limited", _("Limited availability")
        GENERAL = "general", _("General availability")
        DEPRECATED = "deprecated", _("Deprecated")

    class Kind(models.TextChoices):
        """What it is built on: decides which metrics are pulled for it."""

        HTTP = "http", _("HTTP service")
        JVM = "jvm", _("HTTP service on the JVM")
        POSTGRESQL = "postgresql", _("PostgreSQL database")
        CACHE = "cache", _("Cache")
        QUEUE = "queue", _("Message queue")
        NODE = "node", _("Machine or node pool")
        OTHER = "other", _("Other")

    name = models.CharField(max_length=100, unique=True, validators=[SERVICE_NAME])
    description = models.TextField(blank=True)
    tier = models.CharField(max_length=20, choices=Tier, default=Tier.NORMAL)
    lifecycle = models.CharField(max_length=20, choices=Lifecycle, default=Lifecycle.GENERAL)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.HTTP)
    owner = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="services",
        help_text=_("The team that owns it."),
    )  # fmt: skip
    on_call = models.CharField(
        "on-call", max_length=200, blank=True, help_text=_("Who is paged: a rota, or its address.")
    )
    runbook_url = models.URLField(blank=True)
    dashboards = models.TextField(
        blank=True, validators=[addresses_only], help_text=_("One address per line.")
    )
    repositories = models.TextField(
        blank=True, validators=[addresses_only], help_text=_("One address per line.")
    )
    telemetry_labels = models.CharField(
        max_length=500,
        blank=True,
        validators=[LABELS],
        help_text=_(
            "Labels of its metrics and logs, if its name does not select them: "
            "namespace=shop, job=checkout."
        ),
    )
    depends_on = models.ManyToManyField(
        "self", symmetrical=False, related_name="needed_by", blank=True
    )
    badge_key = models.CharField(
        max_length=40, blank=True, editable=False,
        help_text="Part of the address of its badge; another one ends what was given out.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords(m2m_fields=[depends_on], excluded_fields=["badge_key"])

    class Meta:
        ordering = ["name"]
        constraints = [
            CheckConstraint(
                condition=Q(tier__in=["core", "normal", "supplementary"]), name="service_tier_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("incidents:service", args=[self.pk])

    @property
    def owner_team(self) -> str:
        """The name of the team that owns it; empty if none does."""
        return self.owner.name if self.owner else ""

    @owner_team.setter
    def owner_team(self, name: str) -> None:
        # Catalogues and forms name teams; a name that is new makes one.
        self.owner = Team.named(name)

    @property
    def telemetry_label_values(self) -> dict[str, str]:
        """`telemetry_labels` by name."""
        pairs = (each.partition("=") for each in self.telemetry_labels.split(","))
        return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}

    @property
    def dashboard_links(self) -> list[str]:
        return addresses_in(self.dashboards)

    @property
    def repository_links(self) -> list[str]:
        return addresses_in(self.repositories)
