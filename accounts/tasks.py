"""Celery tasks of the audit log and retention. Each may run twice or get lost; the next one
catches up."""

from __future__ import annotations

from celery import shared_task

from accounts.audit_log import retention, sending
from accounts.storage import applying


@shared_task
def send_audit_log() -> None:
    sending.send_waiting()


@shared_task(expires=3600)
def forget_audit_entries() -> None:
    retention.delete_old_entries()


@shared_task
def apply_retention() -> None:
    applying.apply_rules()
