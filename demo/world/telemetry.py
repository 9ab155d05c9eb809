"""Metrics and log lines as pure functions of service and time, so that any past is available."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from demo.world.faults import FAULTS, Episode, Episodes
from demo.world.services import SERVICES

Array = NDArray[np.float64]
SLOT = 15.0


def _seed(*parts: str) -> int:
    return int.from_bytes(hashlib.blake2b("|".join(parts).encode(), digest_size=8).digest(), "big")


def noise(service: str, name: str, times: Array) -> Array:
    """Standard normal noise, the same in every query for the same slot of 15 s."""
    slots = (times // SLOT).astype(np.uint64)
    with np.errstate(over="ignore"):
        mixed = slots * np.uint64(0x9E3779B97F4A7C15) + np.uint64(_seed(service, name))
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    first = (mixed >> np.uint64(40)).astype(float) / 2**24
    second = (mixed & np.uint64(0xFFFFFF)).astype(float) / 2**24
    return np.sqrt(-2 * np.log(first + 1e-9)) * np.cos(2 * np.pi * second)


def busyness(times: Array) -> Array:
    """The load of the shop over day and week; 1 at noon of a working day."""
    day = 0.62 + 0.38 * np.sin((times % 86_400) / 86_400 * 2 * np.pi - np.pi / 2)
    weekend = np.where(((times // 86_400) + 4) % 7 >= 5, 0.7, 1.0)
    return day * weekend


FILLING_SINCE, FILLS_IN = 1_780_272_000.0, 400 * 86_400.0
"""Disks fill up slowly: from the first of June 2026, for 400 days."""


class World:
    """The values of metrics and the log lines at given times."""

    def __init__(self, episodes: Episodes) -> None:
        self.episodes = episodes

    def _forces(self, service: str, times: Array, hops: int = 0) -> list[tuple[Episode, Array]]:
        """Episodes of a service with their force on what is so many calls above it."""
        found = self.episodes.of(service, float(times[0]), float(times[-1]))
        return [(e, np.array([e.force(float(at) - hops * e.delay) for at in times])) for e in found]

    def _impact_of_callees(self, service: str, times: Array) -> Array:
        """The effect on a service of faults in what it calls, directly and one step further."""
        total = np.zeros(len(times))
        for callee in SERVICES[service].calls:
            for episode, force in self._forces(callee, times, hops=1):
                total += FAULTS[episode.fault].on_callers * force
            for deeper in SERVICES[callee].calls:
                for episode, force in self._forces(deeper, times, hops=2):
                    total += 0.5 * FAULTS[episode.fault].on_callers * force
        return np.minimum(total, 1.5)

    def level(self, service: str, name: str, times: Array) -> Array:
        """A metric's value by its short name (`cpu`, `errors`, …) at epoch seconds."""
        runs = SERVICES[service]
        busy = busyness(times)
        usual: dict[str, Callable[[], Array]] = {
            "rate": lambda: runs.rate * busy,
            "cpu": lambda: runs.cpu * (0.25 + 0.75 * busy),
            "memory": lambda: np.full(len(times), runs.memory),
            "errors": lambda: np.full(len(times), 0.0003),
            "latency": lambda: 0.09 * (0.8 + 0.4 * busy),
            "connections": lambda: 24 + 30 * busy,
            "xact": lambda: runs.rate * busy,
            "seq_tup_read": lambda: 900 * (0.3 + busy),
            "locks": lambda: 0.6 * busy,
            "lag": lambda: np.full(len(times), 0.4),
            "disk": lambda: np.clip(0.35 + 0.6 * (times - FILLING_SINCE) / FILLS_IN, 0.35, 0.95),
            "hits": lambda: runs.rate * busy * 0.94,
            "misses": lambda: runs.rate * busy * 0.06,
            "evictions": lambda: np.full(len(times), 1.5),
            "clients": lambda: np.full(len(times), 60.0),
            "messages": lambda: 40 * (0.2 + busy),
            "consumers": lambda: np.full(len(times), 8.0),
            "load": lambda: 9 * (0.4 + 0.6 * busy),
            "restarts": lambda: np.zeros(len(times)),
        }
        values = usual[name]()
        spread = {"consumers": 0.0, "clients": 0.02, "disk": 0.002, "memory": 0.01}.get(name, 0.06)
        values = values * (1 + spread * noise(service, name, times))
        for episode, force in self._forces(service, times):
            fault = FAULTS[episode.fault]
            values = values * (1 + (fault.times.get(name, 1.0) - 1) * force)
            values = values + fault.plus.get(name, 0.0) * force
        if runs.kind == "http":
            impact = self._impact_of_callees(service, times)
            if name == "errors":
                values = values + 0.12 * impact
            elif name == "latency":
                values = values * (1 + 5 * impact)
        return np.maximum(values, 0.0)

    def lines(self, service: str, start: float, end: float) -> Iterator[tuple[float, str]]:
        """Log lines of a service in time order, minute by minute."""
        runs = SERVICES[service]
        for minute in range(int(start // 60), int(end // 60) + 1):
            rng = np.random.default_rng(_seed(service, "log", str(minute)))
            middle = minute * 60 + 30.0
            rates = list(USUAL_LINES[runs.kind])
            for episode in self.episodes.of(service, middle, middle):
                force = episode.force(middle)
                rates += [(text, rate * force) for text, rate in FAULTS[episode.fault].lines]
            if runs.kind == "http":
                impact = float(self._impact_of_callees(service, np.array([middle]))[0])
                rates.append(("WARN  call to {callee} took {n} ms", 5 * impact))
            written = []
            for text, rate in rates:
                for _ in range(rng.poisson(rate)):
                    at = minute * 60 + float(rng.random()) * 60
                    written.append((at, _fill(text, rng, runs.calls)))
            for at, text in sorted(written):
                if start <= at <= end:
                    yield at, text


def _fill(text: str, rng: np.random.Generator, calls: tuple[str, ...]) -> str:
    while "{n}" in text:
        text = text.replace("{n}", str(rng.integers(2, 9000)), 1)
    while "{id}" in text:
        text = text.replace("{id}", f"{rng.integers(16**7, 16**8):x}", 1)
    return text.replace("{callee}", calls[0] if calls else "upstream")


USUAL_LINES: dict[str, tuple[tuple[str, float], ...]] = {
    "http": (
        ("INFO  GET /v2/items/{n} 200 {n} ms", 4.0),
        ("INFO  POST /v2/items 201 {n} ms", 1.5),
        ("WARN  slow request {id} took {n} ms", 0.3),
        ("INFO  health check ok", 1.0),
    ),
    "postgresql": (
        ("LOG:  checkpoint complete: wrote {n} buffers; write={n}.{n} s", 0.3),
        ("LOG:  connection authorized: user=shop database=shop", 2.0),
        ('LOG:  automatic analyze of table "shop.public.orders"', 0.1),
    ),
    "cache": (
        ("Background saving terminated with success", 0.2),
        ("{n} changes in 60 seconds. Saving...", 0.2),
    ),
    "queue": (("accepting AMQP connection <0.{n}.0> (10.4.{n}.{n}:{n})", 1.0),),
    "node": (("kubelet: pod {id} status is Running", 1.0),),
}
