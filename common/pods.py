"""The name of a Kubernetes workload, out of the names of its pods. Knows no Django."""

from __future__ import annotations

import re

_DEPLOYMENT = re.compile(r"-(?=[a-z0-9]*\d)[a-z0-9]{8,10}-[a-z0-9]{5}$")
"""Hash of the replica set, then of the pod. Two words such as `-postgres-proxy` lack the digit."""
_DAEMON_SET = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$")
"""Kubernetes leaves vowels and 0, 1, 3 out of generated names: `-cache` is part of a name."""
_STATEFUL_SET = re.compile(r"-\d+$")


def without_pod_hashes(name: str) -> str:
    """The name without the two hashes that a deployment gives its pods; else the name as it is.

    >>> without_pod_hashes("checkout-7d9f8b6c5d-x2x4z"), without_pod_hashes("orders-db-0")
    ('checkout', 'orders-db-0')
    """
    return _DEPLOYMENT.sub("", name)


def workload_of(pod: str) -> str:
    """The deployment, daemon set or stateful set that a pod belongs to, by its name alone.

    >>> [workload_of(name) for name in ("checkout-7d9f8b6c5d-x2x4z", "agent-x2x4z", "orders-db-0")]
    ['checkout', 'agent', 'orders-db']
    """
    for suffix in (_DEPLOYMENT, _DAEMON_SET, _STATEFUL_SET):
        if (name := suffix.sub("", pod)) != pod:
            return name
    return pod
