"""Rules for alerts and changes: policy by tier, maintenance windows, deploy rules."""

from __future__ import annotations

from decimal import Decimal
from fnmatch import fnmatchcase

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.check_constraints import CheckConstraint
from common.errors import choose_one_of
from incidents.models.change import Change
from incidents.models.named_rule import ONE_OF_A_NAME, NamedRule


class TierPolicy(models.Model):
    """What a tier means: for people, for targets, and what alerts of its services lead to."""

    class OnQuiet(models.TextChoices):
        RESOLVE = "resolve", _("resolve the incident")
        MITIGATE = "mitigate", _("mark it mitigated; a person resolves it")
        NOTHING = "nothing", _("leave it to people")

    tier = models.CharField(max_length=20, unique=True)
    meaning = models.TextField(blank=True, help_text=_("Which services are of this tier."))
    paging = models.TextField(blank=True, help_text=_("Who is paged, when, and how fast."))
    target = models.DecimalField(
        "availability",
        max_digits=7,
        decimal_places=4,
        default=Decimal("99.5"),
        help_text=_("Percent, for objectives of services without a target of their own."),
    )
    opens_after = models.PositiveIntegerField(
        "opens after",
        default=0,
        help_text=_("Minutes an alert must fire before it opens an incident."),
    )
    on_quiet = models.CharField(
        "when all alerts have ended", max_length=10, choices=OnQuiet, default=OnQuiet.RESOLVE
    )
    quiet_after = models.PositiveIntegerField(
        "after", default=5, help_text=_("Minutes without a firing alert before that is done.")
    )
    postmortem_for = models.CharField(
        "postmortem needed for",
        max_length=40,
        blank=True,
        validators=[RegexValidator(r"^(SEV[1-4]([, ]+|$))*$", _("List severities: SEV1, SEV2."))],
        help_text=_("Severities, such as SEV1, SEV2."),
    )
    postmortem_within = models.PositiveSmallIntegerField(
        "within", default=5, help_text=_("Days after the incident was resolved.")
    )

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "tier policies"

    def __str__(self) -> str:
        return self.tier

    def get_absolute_url(self) -> str:
        return reverse("incidents:intake-rules")


class MaintenanceWindow(models.Model):
    """While it lasts, alerts of these services are stored but open no incident."""

    services = models.ManyToManyField("incidents.Service", related_name="maintenance")
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="maintenance_ends_after_start",
                violation_error_message="It must end after it starts.",
            ),
        ]

    def __str__(self) -> str:
        return self.reason

    def get_absolute_url(self) -> str:
        return reverse("incidents:intake-rules")


class DeployRule(NamedRule):
    """Which jobs of a build server change a service, which service that is, and what counts."""

    class Counts(models.TextChoices):
        DEFAULT = "", _("by the default rule")
        YES = "yes", _("counts")
        NO = "no", _("does not count")

    pattern = models.CharField(
        max_length=200, help_text=_("Name of the job; * matches anything: deploy-*")
    )
    environment = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("Only in these environments: staging, qa-*. Empty: in any."),
    )
    branch = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("Only of these branches: main, release/*. Empty: of any."),
    )
    service = models.ForeignKey(
        "incidents.Service",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Empty: the text that * matches is the service's name."),
    )
    kind = models.CharField(max_length=20, default="deploy")
    counts = models.CharField(
        "as a change of production",
        max_length=3,
        choices=Counts,
        blank=True,
        default=Counts.DEFAULT,
        db_default="",
        help_text=_("By default previews, staging, pull requests and checks do not count."),
    )
    ignore = models.BooleanField("is not a change", default=False)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            ONE_OF_A_NAME,
            models.UniqueConstraint(
                fields=["pattern", "environment", "branch"],
                name="deploy_rule_once",
                violation_error_message=_("There is a rule for this already."),
            ),
        ]

    def __str__(self) -> str:
        narrowed = [each for each in (self.environment, self.branch) if each]
        return f"{self.pattern} ({', '.join(narrowed)})" if narrowed else self.pattern

    def clean(self) -> None:
        if self.kind not in Change.Kind.values:
            raise ValidationError({"kind": choose_one_of(Change.Kind.values)})
        if not (self.ignore or self.counts) and self.service is None and "*" not in self.pattern:
            raise ValidationError(
                {"service": _("Choose the service, or put * where its name is in the job's name.")}
            )

    def get_absolute_url(self) -> str:
        return reverse("incidents:intake-rules")

    @property
    def names_service(self) -> bool:
        """Whether it says which service a job changes; otherwise it only says what counts."""
        only_counts = bool(self.counts or self.environment or self.branch)
        if self.service:
            return True
        return self.pattern.count("*") == 1 and not (only_counts and self.pattern == "*")

    def matches(self, job: str, environment: str, branch: str) -> bool:
        return (
            fnmatchcase(job, self.pattern)
            and _any_of(environment, self.environment)
            and _any_of(branch, self.branch)
        )

    def service_name_for(self, job: str) -> str | None:
        """The name of the service that `job` changes, or None if the rule does not match."""
        if not fnmatchcase(job, self.pattern):
            return None
        if self.service:
            return self.service.name
        before, _, after = self.pattern.partition("*")
        return job[len(before) : len(job) - len(after) if after else None]


def _any_of(value: str, patterns: str) -> bool:
    """Whether `value` is one of the comma-separated patterns; any value is where there is none."""
    wanted = [each.strip().lower() for each in patterns.split(",") if each.strip()]
    return not wanted or any(fnmatchcase(value.lower(), each) for each in wanted)
