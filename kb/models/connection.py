"""What every product has that is connected with an address and a token."""

from __future__ import annotations

from django.db import models

from common.sealing import SealedSecrets


class Connection(SealedSecrets):
    """Settings of a plug-in, which `kind` names."""

    kind = models.CharField(max_length=30)
    name = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    settings = models.JSONField(default=dict, blank=True)
    sealed = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
