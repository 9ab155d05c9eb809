"""A real monit sends its own mails: the failure opens an alert, the recovery ends it."""

from __future__ import annotations

import socketserver
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from incidents.intake import processing, receiving
from incidents.models import Alert
from tests.conftest import tool
from tests.e2e.conftest import wait_for
from tests.incidents.signed_requests import make

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]
CONTROL = """
set daemon 1
set logfile FOLDER/log
set idfile FOLDER/id
set statefile FOLDER/state
set pidfile FOLDER/pid
set mailserver 127.0.0.1 port PORT
set alert oncall@example.com
check program backup with path "FOLDER/check"
  if status != 0 then alert
"""


class MailServer(socketserver.ThreadingTCPServer):
    """Takes every mail and passes it on, as far as monit's own client needs."""

    daemon_threads = True

    def __init__(self, receive: Callable[[bytes], None]) -> None:
        super().__init__(("127.0.0.1", 0), MailHandler)
        self.receive = receive


class MailHandler(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.say("220 ready")
        while verb := self.rfile.readline()[:4].upper():
            if verb == b"DATA":
                self.say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.receive(b"".join(lines))
            self.say("221 bye" if verb == b"QUIT" else "250 fine")
            if verb == b"QUIT":
                return

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def test_a_program_that_fails_opens_an_alert_and_its_recovery_ends_it(
    transactional_db: None, tmp_path: Path
) -> None:
    monit = tool("monit")
    integration, _ = make("email")
    mails: list[bytes] = []
    server = MailServer(mails.append)
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    (tmp_path / "check").write_text(f"#!/bin/sh\nexit $(cat {tmp_path}/code)\n")
    (tmp_path / "check").chmod(0o755)
    (tmp_path / "code").write_text("1")
    control = tmp_path / "monitrc"
    port = str(server.server_address[1])
    control.write_text(CONTROL.replace("FOLDER", str(tmp_path)).replace("PORT", port))
    control.chmod(0o700)  # monit reads no file that others may read.

    def alert_of_check() -> Alert | None:
        while mails:
            receiving.store(integration, {}, mails.pop(0))
        processing.process_waiting(1)
        return Alert.objects.filter(name__icontains="backup").first()

    running: subprocess.Popen[Any] = subprocess.Popen(
        [monit, "-I", "-c", str(control)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        found: Alert = wait_for(alert_of_check, 20, "The mail about the failure")
        assert found.status == "firing"
        (tmp_path / "code").write_text("0")
        wait_for(lambda: (now := alert_of_check()) and now.status == "resolved", 20, "The recovery")
        # "Monit instance changed" at its start and end is news of monit itself.
        assert Alert.objects.filter(name__icontains="backup").count() == 1
    finally:
        running.terminate()
        running.wait(10)
        server.shutdown()
        server.server_close()
