"""Faults of the demo world: their effects on metrics and logs while they last."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

RAMP = 150.0
"""Seconds until a fault is in full force."""


@dataclass(frozen=True)
class Fault:
    """Effects at full force on the service's own metrics, its log lines, and its callers.

    `times` multiplies a metric, `plus` adds to it. `lines` are (text, lines per minute); `{n}` is a
    number, `{id}` an id. `on_callers` is how strongly callers are affected, 0 to 1.
    """

    times: dict[str, float] = field(default_factory=dict)
    plus: dict[str, float] = field(default_factory=dict)
    lines: tuple[tuple[str, float], ...] = ()
    on_callers: float = 0.0


FAULTS: dict[str, Fault] = {
    "cpu-spike": Fault(
        times={"cpu": 3.2, "seq_tup_read": 60.0, "xact": 0.6, "connections": 1.7},
        lines=(
            (
                "LOG:  duration: {n}.{n} ms  statement: SELECT * FROM order_lines WHERE "
                "customer_ref = '{id}' ORDER BY created_at DESC",
                9.0,
            ),
            ('LOG:  temporary file: path "base/pgsql_tmp/pgsql_tmp{n}.{n}", size {n}', 2.0),
        ),
        on_callers=0.8,
    ),
    "connection-leak": Fault(
        times={"xact": 0.5},
        plus={"connections": 165.0},
        lines=(
            ("FATAL:  remaining connection slots are reserved for superuser connections", 8.0),
            ("LOG:  connection received: host=10.4.{n}.{n} port={n}", 20.0),
        ),
        on_callers=0.9,
    ),
    "lock-contention": Fault(
        times={"xact": 0.35},
        plus={"locks": 46.0, "connections": 40.0},
        lines=(
            (
                "LOG:  process {n} still waiting for ShareLock on transaction {n} after 1000 ms",
                7.0,
            ),
            ("ERROR:  deadlock detected", 1.5),
        ),
        on_callers=0.7,
    ),
    "disk-full": Fault(
        plus={"disk": 0.38},
        times={"xact": 0.1},
        lines=(
            ('ERROR:  could not extend file "base/{n}/{n}": No space left on device', 12.0),
            ('PANIC:  could not write to file "pg_wal/xlogtemp.{n}": No space left on device', 1.0),
        ),
        on_callers=1.0,
    ),
    "replication-lag": Fault(
        plus={"lag": 340.0},
        times={"xact": 1.3},
        lines=(("LOG:  recovery restart point at {n}/{id}, replay is {n} s behind", 3.0),),
        on_callers=0.3,
    ),
    "vacuum-storm": Fault(
        times={"cpu": 2.3},
        plus={"locks": 9.0},
        lines=(
            ('LOG:  automatic vacuum of table "shop.public.events": index scans: {n}', 3.0),
            ('WARNING:  database "shop" must be vacuumed within {n} transactions', 1.0),
        ),
        on_callers=0.5,
    ),
    "oom-kill": Fault(
        times={"memory": 2.1},
        plus={"restarts": 0.4, "errors": 0.06},
        lines=(
            ("java.lang.OutOfMemoryError: Java heap space", 2.5),
            ("Memory cgroup out of memory: Killed process {n} (java) total-vm:{n}kB", 1.0),
        ),
        on_callers=0.5,
    ),
    "crash-loop": Fault(
        times={"rate": 0.3, "cpu": 0.5},
        plus={"restarts": 1.6, "errors": 0.35},
        lines=(
            ("Back-off restarting failed container app in pod {id}", 4.0),
            ("Error: missing required environment variable PAYMENT_API_VERSION", 4.0),
        ),
        on_callers=0.8,
    ),
    "bad-deploy": Fault(
        plus={"errors": 0.22},
        times={"latency": 1.4},
        lines=(
            (
                "ERROR NullPointerException at com.shop.cart.DiscountMapper.apply"
                "(DiscountMapper.java:{n})",
                11.0,
            ),
            ("WARN  request {id} failed with 500 after {n} ms", 11.0),
        ),
        on_callers=0.6,
    ),
    "cert-expiry": Fault(
        plus={"errors": 0.9},
        times={"rate": 0.4},
        lines=(
            ("ERROR TLS handshake failed: certificate has expired (notAfter={n}-{n}-{n})", 16.0),
            (
                "x509: certificate has expired or is not yet valid: current time {n} is after {n}",
                9.0,
            ),
        ),
        on_callers=0.9,
    ),
    "pool-exhausted": Fault(
        plus={"errors": 0.17},
        times={"latency": 6.0},
        lines=(
            ("HikariPool-1 - Connection is not available, request timed out after 30000ms", 14.0),
        ),
        on_callers=0.7,
    ),
    "queue-backlog": Fault(
        plus={"messages": 48_000.0, "consumers": -5.0},
        lines=(
            ("consumer {id} cancelled: delivery acknowledgement timed out after {n} ms", 5.0),
            ("flow control: publisher connection {id} blocked", 3.0),
        ),
        on_callers=0.4,
    ),
    "cache-stampede": Fault(
        times={"hits": 0.25, "misses": 14.0, "cpu": 1.9},
        plus={"evictions": 420.0},
        lines=(
            ("WARN  cache key catalog:tree expired, {n} callers rebuild it at once", 10.0),
            ("maxmemory reached, evicting keys with allkeys-lru", 4.0),
        ),
        on_callers=0.8,
    ),
    "dns-failure": Fault(
        plus={"errors": 0.3},
        times={"latency": 5.0},
        lines=(
            ("getaddrinfo EAI_AGAIN {id}.internal: temporary failure in name resolution", 15.0),
        ),
        on_callers=0.6,
    ),
    "third-party-outage": Fault(
        plus={"errors": 0.45},
        times={"latency": 9.0},
        lines=(
            ("upstream acquirer gateway answered 503 Service Unavailable for charge {id}", 13.0),
            ("circuit breaker acquirer is now OPEN", 1.0),
        ),
        on_callers=0.8,
    ),
    "traffic-surge": Fault(
        times={"rate": 3.6, "cpu": 2.8, "latency": 3.0},
        plus={"errors": 0.04},
        lines=(("WARN  request queue length {n} above threshold, shedding load", 9.0),),
        on_callers=0.4,
    ),
    "node-pressure": Fault(
        times={"load": 3.4, "memory": 1.4},
        plus={"disk": 0.2},
        lines=(
            ("kubelet: eviction manager: attempting to reclaim memory", 3.0),
            ("kubelet: evicted pod {id}: the node was low on resource: memory", 2.0),
        ),
        on_callers=0.0,
    ),
    "clock-skew": Fault(
        plus={"errors": 0.5},
        lines=(("token rejected: issued {n} s in the future, check clocks", 12.0),),
        on_callers=0.5,
    ),
    "rate-limited": Fault(
        plus={"errors": 0.25},
        lines=(("429 Too Many Requests from upstream, retry after {n} s", 15.0),),
        on_callers=0.4,
    ),
    "thread-starvation": Fault(
        times={"latency": 11.0, "cpu": 0.4, "rate": 0.6},
        lines=(("WARN  all {n} worker threads busy for {n} s, thread dump written to {id}", 6.0),),
        on_callers=0.8,
    ),
}


@dataclass(frozen=True)
class Episode:
    """A fault of a service from `start` to `end` (epoch seconds; None while it lasts).

    Callers are affected `delay` seconds later, their callers as much later again: queues and pools
    fill up before they overflow.
    """

    service: str
    fault: str
    start: float
    end: float | None = None
    delay: float = 0.0

    def force(self, at: float) -> float:
        """The strength of the fault at `at`, 0 to 1: it ramps up and down."""
        if at < self.start:
            return 0.0
        up = min(1.0, (at - self.start) / RAMP + 0.15)
        if self.end is not None and at > self.end:
            return max(0.0, up - (at - self.end) / RAMP)
        return up


class Episodes:
    """The episodes of a world, stored in a file so that they survive a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        rows = json.loads(path.read_text()) if path.exists() else []
        self._all = [Episode(**row) for row in rows]

    def of(self, service: str, start: float, end: float) -> list[Episode]:
        """Episodes of a service that touch the window."""
        return [
            episode
            for episode in self._all
            if episode.service == service
            and episode.start <= end
            and (episode.end is None or episode.end + 2 * episode.delay + RAMP >= start)
        ]

    def add(self, episode: Episode) -> None:
        with self._lock:
            self._all = [*self._all, episode]
            self._save()

    def end_all(self, at: float) -> int:
        """End every lasting fault; returns how many there were."""
        with self._lock:
            lasting = [episode for episode in self._all if episode.end is None]
            ended = [episode for episode in self._all if episode.end is not None]
            self._all = ended + [replace(episode, end=at) for episode in lasting]
            self._save()
        return len(lasting)

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps([asdict(episode) for episode in self._all]))
        draft.replace(self._path)
