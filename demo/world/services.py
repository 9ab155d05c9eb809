"""The services of the demo shop: their kind, load, and who calls whom."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Runs:
    """`rate` is requests, transactions or messages per second at noon; `cpu` cores at that rate."""

    kind: str
    rate: float
    cpu: float
    memory: float
    calls: tuple[str, ...] = ()


MB = 1024**2

SERVICES: dict[str, Runs] = {
    "storefront": Runs("http", 220, 2.4, 900 * MB, ("api-gateway",)),
    "api-gateway": Runs("http", 410, 1.8, 420 * MB, ("checkout", "catalog", "search", "accounts")),
    "checkout": Runs("http", 38, 0.9, 640 * MB, ("orders", "pricing", "payments")),
    "orders": Runs("http", 55, 1.1, 780 * MB, ("orders-db", "order-events")),
    "orders-db": Runs("postgresql", 640, 2.2, 6200 * MB),
    "payments": Runs("http", 21, 0.5, 510 * MB, ("payments-db",)),
    "payments-db": Runs("postgresql", 180, 0.7, 2900 * MB),
    "catalog": Runs("http", 160, 1.3, 700 * MB, ("catalog-db", "catalog-cache")),
    "catalog-db": Runs("postgresql", 300, 1.2, 4100 * MB),
    "catalog-cache": Runs("cache", 1900, 0.4, 2100 * MB),
    "search": Runs("http", 75, 2.8, 3400 * MB, ("catalog",)),
    "pricing": Runs("http", 90, 0.8, 380 * MB, ("catalog-cache",)),
    "accounts": Runs("http", 48, 0.6, 450 * MB, ("session-cache",)),
    "session-cache": Runs("cache", 900, 0.2, 800 * MB),
    "order-events": Runs("queue", 60, 0.5, 1300 * MB),
    "invoices": Runs("http", 9, 0.3, 520 * MB, ("order-events", "orders-db")),
    "mailer": Runs("http", 14, 0.2, 260 * MB, ("order-events",)),
    "worker-pool": Runs("node", 0, 21.0, 61_000 * MB),
}
