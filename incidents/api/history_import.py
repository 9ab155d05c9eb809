"""Import of many past incidents in one request: what is sent, and the report of it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from incidents.custom_fields.values import BelongsTo, labels_of
from incidents.history_import import import_incidents
from incidents.history_rows import DATE_ORDERS, options_from


class ImportSerializer(serializers.Serializer):
    source = serializers.CharField(  # type: ignore[assignment]  # a field named so, not an option
        max_length=50, help_text="Where they come from: source and `id` identify each row."
    )
    rows = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=1000)
    mapping = serializers.DictField(
        child=serializers.CharField(max_length=100), required=False,
        help_text="From our field to its name in the rows, where that is not a usual one.",
    )  # fmt: skip
    zone = serializers.CharField(
        max_length=60, default="", allow_blank=True,
        help_text="Of times without an offset: Europe/Berlin, EST, +0530. Default: UTC.",
    )  # fmt: skip
    dates = serializers.ChoiceField(
        DATE_ORDERS, default="", allow_blank=True,
        help_text="How 05/03/2026 is meant, where no value of its column shows it.",
    )  # fmt: skip
    dry_run = serializers.BooleanField(default=False)


class RefusedSerializer(serializers.Serializer):
    row = serializers.IntegerField(help_text="Its position in `rows`, from 1.")
    why = serializers.CharField()


class ImportNoteSerializer(serializers.Serializer):
    note = serializers.CharField(
        help_text="How rows were read: an unknown severity, a missing end."
    )
    count = serializers.IntegerField(help_text="Of how many rows.")


class ImportReportSerializer(serializers.Serializer):
    new = serializers.IntegerField()
    known = serializers.IntegerField()
    refused = RefusedSerializer(many=True)
    new_services = serializers.ListField(child=serializers.CharField())
    notes = ImportNoteSerializer(many=True)


def import_report(body: dict[str, Any]) -> dict[str, Any]:
    """Import what an ImportSerializer read; its report."""
    options = options_from(
        body.get("mapping", {}), body["zone"], body["dates"], labels_of(BelongsTo.INCIDENTS)
    )
    rows = enumerate(body["rows"], 1)
    report = import_incidents(rows, body["source"], dry_run=body["dry_run"], options=options)
    return {
        "new": len(report.new),
        "known": report.same,
        "refused": [{"row": int(each.place), "why": each.why} for each in report.skipped],
        "new_services": report.new_services,
        "notes": [{"note": note, "count": count} for note, count in report.counted_notes()],
    }
