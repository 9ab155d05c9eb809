"""Tasks wait in queues by what they are for, so that slow ones hold up no others."""

from __future__ import annotations

import pytest
from celery import current_app
from kombu import Consumer, Message, Producer, Queue

from analysis import tasks
from config.celery import app


@pytest.mark.parametrize(
    ("task", "queue"),
    [
        ("incidents.tasks.sweep_intake", "intake"),
        ("incidents.tasks.send_pushes", "celery"),
        ("analysis.tasks.pull_evidence", "evidence"),
        ("analysis.tasks.plan_evidence", "celery"),
        ("analysis.tasks.follow_answers", "celery"),
        ("analysis.tasks.sweep", "celery"),
        ("kb.tasks.tell_channels", "celery"),
    ],
)
def test_a_task_waits_in_the_queue_of_its_kind(task: str, queue: str) -> None:
    app.loader.import_default_modules()
    assert task in app.tasks
    assert app.amqp.router.route({}, task)["queue"].name == queue


def test_a_message_goes_to_one_queue_only() -> None:
    keys = [queue.routing_key for queue in current_app.amqp.queues.values()]
    assert sorted(keys) == sorted(current_app.amqp.queues)


def test_a_worker_without_queues_takes_from_all() -> None:
    assert set(current_app.amqp.queues.consume_from) == {"intake", "evidence", "celery"}


def test_a_worker_takes_alerts_first_and_pulls_last() -> None:
    taken: list[str] = []

    def take(name: str, message: Message) -> None:
        taken.append(name)
        message.ack()

    with app.connection_for_read() as connection, connection.channel() as channel:
        queues = [
            Queue(f"order-{queue.name}", routing_key=f"order-{queue.name}", auto_delete=True)
            for queue in app.amqp.queues.consume_from.values()
        ]
        producer = Producer(channel)
        for name in ("evidence later", "evidence", "celery", "intake", "evidence", "intake"):
            queue, _, later = name.partition(" ")
            priority = tasks.LATER if later else tasks.FIRST
            key = f"order-{queue}"
            producer.publish(name, routing_key=key, declare=queues, priority=priority)
        with Consumer(channel, queues, callbacks=[take]):
            for _ in range(6):
                connection.drain_events(timeout=5)
    assert taken == ["intake", "intake", "celery", "evidence", "evidence", "evidence later"]
