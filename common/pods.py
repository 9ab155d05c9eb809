"""The name of a Kubernetes workload, out of the names of its pods. Knows no Django."""

from __future__ import annotations

import re

_SAFE = "[bcdfghjklmnpqrstvwxz2456789]"
"""Kubernetes leaves vowels and 0, 1, 3 out of generated names: `-cache` is part of a name."""
_DEPLOYMENT = re.compile(rf"-{_SAFE}{{7,10}}-{_SAFE}{{5}}$")
"""Hash of the replica set, then of the pod."""
_CRON_JOB = re.compile(rf"-\d{{8,10}}-{_SAFE}{{5}}$")
"""Time of the run, then the hash of the pod."""
_REPLICA_SET = re.compile(rf"-(?={_SAFE}*\d){_SAFE}{{8,10}}$")
_DAEMON_SET = re.compile(rf"-{_SAFE}{{5}}$")
_STATEFUL_SET = re.compile(r"-\d{1,10}$")


def without_pod_hashes(name: str) -> str:
    """The name without the two hashes that a deployment gives its pods; else the name as it is.

    >>> without_pod_hashes("checkout-7d9f8b6c5d-x2x4z"), without_pod_hashes("orders-db-0")
    ('checkout', 'orders-db-0')
    """
    return _DEPLOYMENT.sub("", name)


def workload_of(pod: str) -> str:
    """The deployment, daemon set, stateful set or job that a pod belongs to, by its name alone.

    >>> [workload_of(name) for name in ("checkout-7d9f8b6c5d-x2x4z", "agent-x2x4z", "orders-db-0")]
    ['checkout', 'agent', 'orders-db']
    """
    for suffix in (_DEPLOYMENT, _CRON_JOB, _DAEMON_SET, _STATEFUL_SET):
        if (name := suffix.sub("", pod)) != pod:
            return name
    return pod


def deployment_of(replica_set: str) -> str:
    """The deployment of a replica set, by its name alone.

    >>> deployment_of("checkout-7d9f8b6c5d"), deployment_of("orders-postgres")
    ('checkout', 'orders-postgres')
    """
    return _REPLICA_SET.sub("", replica_set)


def without_ordinal(name: str) -> str:
    """The name of a machine or of a stateful set's pod without its number.

    >>> without_ordinal("orders-db-2"), without_ordinal("web")
    ('orders-db', 'web')
    """
    return _STATEFUL_SET.sub("", name)
