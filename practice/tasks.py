"""Celery tasks. Each may run twice or be lost; the next run does what is left."""

from celery import shared_task

from practice import monthly_review
from practice.readiness import reviews
from practice.records import capacity, cluster_facts, publishing
from practice.slos import counting


@shared_task(soft_time_limit=110, time_limit=120)
def count_events() -> int:
    return counting.count_all()


@shared_task(soft_time_limit=290, time_limit=300)
def read_capacities() -> int:
    return capacity.measure_all()


@shared_task(soft_time_limit=110, time_limit=120)
def read_cluster_facts() -> int:
    return cluster_facts.read_due()


@shared_task
def publish_results() -> int:
    return publishing.publish_due()


@shared_task(soft_time_limit=110, time_limit=120)
def follow_gates() -> int:
    return publishing.follow_gates()


@shared_task(soft_time_limit=590, time_limit=600)
def send_monthly_reviews() -> int:
    return monthly_review.send_due()


@shared_task(soft_time_limit=110, time_limit=120)
def look_again() -> int:
    reviews.find_missed_gaps()
    return reviews.refresh_open_reviews()
