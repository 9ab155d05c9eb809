"""Rules that may have a name, by which programs that declare them find them again."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class NamedRule(models.Model):
    """Base of rules; constraints of a subclass begin with those of `ONE_OF_A_NAME`."""

    name = models.CharField(
        _("name"),
        max_length=60,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(r"^[^/\s]([^/]*[^/\s])?$", _("Leave out the slash."))],
        help_text=_("By which the API finds it again; may stay empty."),
    )

    class Meta:
        abstract = True


ONE_OF_A_NAME = models.UniqueConstraint(
    fields=["name"],
    condition=~Q(name=""),
    name="%(class)s_name_once",
    violation_error_message=_("There is another rule of this name."),
)
