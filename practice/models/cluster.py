"""What services run on, as their cluster says it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from incidents.models import Service


class ClusterFacts(models.Model):
    """Pods, autoscaling bounds, node groups, spot share and cost of a service; null: not known.

    `node_groups` is a list of name, nodes, and the bounds min and max. Shares are from 0 to 1, the
    cost is in the currency of OpenCost.
    """

    service = models.OneToOneField(Service, models.CASCADE, related_name="cluster_facts")
    workload = models.CharField(max_length=200, blank=True)
    pods = models.PositiveIntegerField(null=True, blank=True)
    pods_on_spot = models.PositiveIntegerField(null=True, blank=True)
    smallest = models.PositiveIntegerField(null=True, blank=True, help_text="Replicas at least.")
    largest = models.PositiveIntegerField(null=True, blank=True, help_text="Replicas at most.")
    node_groups = models.JSONField(default=list, blank=True)
    cpu_requested = models.FloatField(null=True, blank=True, help_text="Of its nodes, 0 to 1.")
    memory_requested = models.FloatField(null=True, blank=True, help_text="Of its nodes, 0 to 1.")
    hourly_cost = models.FloatField(null=True, blank=True)
    read_at = models.DateTimeField(default=timezone.now)
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["service"]
        verbose_name_plural = "cluster facts"
        indexes = [models.Index(fields=["read_at"], name="cluster_facts_read")]

    def __str__(self) -> str:
        return f"What {self.service} runs on"

    @property
    def spot_share(self) -> float | None:
        """Of its pods, from 0 to 1."""
        if not self.pods:
            return None
        return (self.pods_on_spot or 0) / self.pods

    @property
    def replicas_left(self) -> int | None:
        """How many the autoscaler may still add; None without one."""
        if self.largest is None or self.pods is None:
            return None
        return max(0, self.largest - self.pods)
