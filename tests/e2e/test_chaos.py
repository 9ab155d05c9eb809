"""Whatever ends, fills up or is set wrong under deliveries: nothing is lost, all comes back.

The limits hold on a machine that loads the product in three seconds; on a slower one they are as
much longer.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from config.local.embedded_postgres import EmbeddedPostgres
from config.local.supervision import states
from tests.conftest import tool
from tests.e2e.bin_up import Running, environment, processes_of
from tests.e2e.conftest import ROOT, answers, free_port, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.clock, pytest.mark.timeout(600)]
RATE = 50
"""Deliveries a second."""
WEB_WITHIN, ALL_WITHIN, GIVE_UP = 5.0, 10.0, 40.0
LOADED_WITHIN = 3.0
DISK_MB = 800
PARTS = ["beat", "postgresql", "redis", "web", "worker"]
ENDED = [
    ("postgresql", signal.SIGKILL), ("web", signal.SIGKILL), ("beat", signal.SIGKILL),
    ("redis", signal.SIGKILL), ("worker", signal.SIGKILL),
    ("postgresql", signal.SIGINT), ("redis", signal.SIGTERM),
]  # fmt: skip
"""Parts and the signals that end them; the last two are ended in order, as for a restart."""
LIBRARY = f"/usr/lib/{os.uname().machine}-linux-gnu/faketime/libfaketime.so.1"
PREPARE = """
from pathlib import Path
from django.contrib.auth.models import User
from config import env
from incidents.models import *
# As in use: the first password was changed long ago.
admin = User.objects.get(username="admin")
admin.set_password("pass-for-tests")
admin.save()
(Path(env.data_dir()) / "first-password").unlink()
Service.objects.create(name="svc-00", tier="normal")
made = Integration.objects.create(kind="change", name="change")
print("made", made.slug, IntegrationSecret.issue(made)[1])
"""


class Product:
    """What `bin/up` runs from the folder `data`."""

    def __init__(self, data: Path, parts: list[str], **environ: str) -> None:
        self.data, self.parts, self._environ = data, parts, environ
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.up = self.start()
        self.up.address_and_password()
        servers = json.loads((data / "servers.json").read_text())
        self.database = servers["DATABASE_URL"]
        made = subprocess.run(
            [sys.executable, "manage.py", "shell", "-c", PREPARE],
            cwd=ROOT, env=environment(**servers, CAUSEBOOK_DATA_DIR=str(data)),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = re.search(r"made (\S+) (\S+)", made.stdout)
        assert found
        self.hook, self.secret = f"{self.address}/hooks/{found[1]}/", found[2]

    def start(self) -> Running:
        log = self.data.parent.parent / "output.txt"
        environ = {"CAUSEBOOK_DATA_DIR": str(self.data), **self._environ}
        return Running(ROOT, "--port", str(self.port), log=log, user=None, **environ)

    def stop(self) -> None:
        self.up.interrupt()
        assert processes_of(self.data) == []

    def serves(self) -> bool:
        return answers(f"{self.address}/livez")

    def runs(self) -> bool:
        """Whether each part runs and what is delivered is worked."""
        found = states(self.data)
        return [each.name for each in found if each.runs] == self.parts and self.works()

    def works(self) -> bool:
        try:
            before = self.ask("SELECT count(*) FROM incidents_change")
            time.sleep(0.3)
            return self.ask("SELECT count(*) FROM incidents_change") > before
        except psycopg.Error:
            return False

    def ask(self, query: str) -> Any:
        with psycopg.connect(self.database, connect_timeout=5) as connection:
            row = connection.execute(query).fetchone()
            return row[0] if row else None

    def end(self, part: str, how: int) -> None:
        [process] = [each for each in states(self.data) if each.name == part]
        os.kill(process.pid, how)

    def kill_all(self) -> None:
        """Every process in the order the system has them, `bin/up` itself too."""
        children = psutil.Process(self.up.process.pid).children(recursive=True)
        for process in [psutil.Process(self.up.process.pid), *children]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.up.process.wait()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def product(folder: Path) -> Iterator[Product]:
    """The product on a small disk."""
    disk = folder / "disk"
    disk.mkdir()
    size = f"size={DISK_MB}m,mode=755"
    subprocess.run([tool("mount"), "-t", "tmpfs", "-o", size, "tmpfs", disk], check=True)
    try:
        product = Product(disk / "data", PARTS)
        yield product
        product.stop()
    finally:
        subprocess.run([tool("umount"), "--lazy", disk], check=True)


@pytest.fixture(scope="module")
def slowness() -> float:
    """How many times slower than an idle machine this one is now."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import config.wsgi"], cwd=ROOT, check=True)
    return max(1.0, (time.monotonic() - began) / LOADED_WITHIN)


@contextmanager
def deliveries(product: Product, name: str) -> Iterator[None]:
    """Posts while the block runs; afterwards what was accepted is there, once."""
    running = product.data.parent.parent / "posting"
    running.touch()
    plan = {
        "address": product.hook, "secret": product.secret, "name": name, "rate": RATE,
        "while": str(running), "threads": 8,
    }  # fmt: skip
    script = Path(__file__).with_name("load.py")
    process = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    process.stdin.write(json.dumps(plan))
    process.stdin.close()
    process.stdin = None
    wait_for(product.works, 30, "Working the first deliveries")
    try:
        yield
    finally:
        running.unlink()
    answered = json.loads(process.communicate(timeout=GIVE_UP)[0])["results"]
    accepted = {f"{name}-{number}" for number, status, _ in answered if status == 202}
    assert accepted
    waiting = "SELECT count(*) FROM incidents_delivery WHERE state = 'waiting'"
    wait_for(lambda: product.ask(waiting) == 0, GIVE_UP, "Working all deliveries")
    titles = "SELECT array_agg(title) FROM incidents_change WHERE title LIKE"
    stored = product.ask(f"{titles} '{name}-%'")
    assert len(stored) == len(set(stored))
    assert accepted <= set(stored)


def seconds_until(question: Callable[[], Any], what: str, since: float) -> float:
    wait_for(question, GIVE_UP, what)
    return time.monotonic() - since


def recovery(product: Product, since: float) -> tuple[float, float]:
    web = seconds_until(product.serves, "Pages", since)
    return web, seconds_until(product.runs, "All parts", since)


@pytest.mark.parametrize(("part", "how"), ENDED)
def test_a_part_that_ends_comes_back(
    product: Product, slowness: float, part: str, how: signal.Signals
) -> None:
    with deliveries(product, f"{part}-{how.name}"):
        since = time.monotonic()
        product.end(part, how)
        web, everything = recovery(product, since)
        print(f"{part} {how.name}: pages after {web:.1f} s, everything after {everything:.1f} s")
    assert web < WEB_WITHIN * slowness
    assert everything < ALL_WITHIN * slowness


def test_a_killed_supervisor_comes_back_with_all_it_ran(product: Product, slowness: float) -> None:
    with deliveries(product, "supervisor"):
        since = time.monotonic()
        [supervisor] = [
            each
            for each in psutil.Process(product.up.process.pid).children()
            if f"supervisord -c {product.data}" in " ".join(each.cmdline())
        ]
        supervisor.kill()
        supervisor.wait(10)
        web, everything = recovery(product, since)
        print(f"supervisor: pages after {web:.1f} s, everything after {everything:.1f} s")
    assert everything < ALL_WITHIN * slowness


def test_after_the_end_of_everything_a_start_brings_it_back(
    product: Product, slowness: float
) -> None:
    with deliveries(product, "everything"):
        product.kill_all()
        since = time.monotonic()
        product.up = product.start()
        web, everything = recovery(product, since)
        print(f"all at once: pages after {web:.1f} s, everything after {everything:.1f} s")
    # PostgreSQL's recovery comes first, and all parts start at once, on two cores.
    assert everything < 2 * ALL_WITHIN * slowness


def test_a_full_disk_refuses_and_loses_nothing(product: Product, slowness: float) -> None:
    ballast = product.data.parent / "ballast"
    with deliveries(product, "disk"):
        with ballast.open("wb") as file, suppress(OSError):
            while True:
                file.write(bytes(1 << 20))
        doctor = subprocess.run(
            [ROOT / "bin" / "doctor"], env=environment(CAUSEBOOK_DATA_DIR=str(product.data)),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert doctor.returncode == 1
        assert f"0 MB are free at {product.data}" in doctor.stdout
        ballast.unlink()
        web, everything = recovery(product, time.monotonic())
        print(f"full disk: pages after {web:.1f} s, everything after {everything:.1f} s")
    assert everything < ALL_WITHIN * slowness


@contextmanager
def postgres_with_clock(folder: Path, clock: Path) -> Iterator[str]:
    """The URL of a database whose server has the clock that the file says.

    Only the server: Python's sleep fails in Debian 12's libfaketime (its issue 426).
    """
    tool("faketime")
    folder.mkdir()
    server = EmbeddedPostgres(folder)
    server.prepare()
    tied = server.command()
    process = subprocess.Popen(
        tied[tied.index("--") + 1 :],
        cwd=folder, user=server.user or None, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment(
            LD_PRELOAD=LIBRARY, FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_CACHE_DURATION="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
        ),
    )  # fmt: skip
    server.wait_until_it_answers()
    yield server.make_database("causebook")
    process.send_signal(signal.SIGINT)
    process.wait(30)


def test_a_clock_that_is_set_stops_nothing(folder: Path, slowness: float) -> None:
    """PostgreSQL's, by which is decided what is due, leased or old."""
    clock = folder / "clock"
    clock.write_text("+0h")
    with postgres_with_clock(folder / "other", clock) as url:
        parts = [part for part in PARTS if part != "postgresql"]
        product = Product(folder / "other" / "data", parts, DATABASE_URL=url)
        for hours in (-3, 5):
            with deliveries(product, f"clock{hours}"):
                took = set_clock(product, clock, hours)
                web, everything = recovery(product, time.monotonic())
                print(f"{hours:+} h: a periodic task after {took:.1f} s, all {everything:.1f} s")
            assert took < ALL_WITHIN * slowness
            assert max(web, everything) < ALL_WITHIN * slowness
        product.stop()


def set_clock(product: Product, clock: Path, hours: int) -> float:
    """Seconds until the next periodic task was sent."""
    sent = "SELECT last_at FROM incidents_scheduledrun WHERE name = 'sweep-intake'"
    now = product.ask("SELECT clock_timestamp()")
    clock.write_text(f"{hours:+}h")
    since = time.monotonic()
    jumped = "SELECT clock_timestamp()"
    wait_for(lambda: abs(product.ask(jumped) - now) > timedelta(hours=2), 10, "The jump")
    last = product.ask(sent)
    return seconds_until(lambda: product.ask(sent) != last, "A periodic task", since)
