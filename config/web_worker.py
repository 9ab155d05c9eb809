"""The web server's worker: whole requests go to its threads, so that a slow client occupies none.

gunicorn starts, restarts and stops the processes; in each, waitress receives on one loop all
requests with their bodies, and sends the answers from there. A thread works only while Causebook
does.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import time
from typing import Any

from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask

from config.stream_hub import Listener, StreamHub

HEADERS_WITHIN, REQUEST_WITHIN = 15.0, 60.0
"""Seconds from a request's first byte to the end of its headers, and of its body."""
IDLE, READ_WITHIN = 60.0, 300.0
"""Seconds that a connection may wait for a request, and that a client may take over an answer."""
SWITCH_EVERY = 0.0005
"""Seconds until a thread that computes lets the loop go on, which would wait ten times as long by
default; meanwhile other threads have nothing to do."""
ORPHANED = 1.0
"""Seconds that a process whose master was killed has for its answers: meanwhile it holds the port,
and the next master cannot start."""
MOST_CONNECTIONS, MOST_FILES = 1000, 4096
TASK = "causebook.task"
MOST_HEADER_BYTES, MOST_BODY_BYTES = 32 * 1024, 64 * 1024**2


def _with_streams(application: Any) -> Any:
    """A WSGI application whose streams of events end for waitress after their first line."""

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        response = application(environ, start_response)
        if not hasattr(response, "hand_over"):
            return response
        environ[TASK].listener = listener = response.hand_over()
        # No list: waitress would take its length for that of the answer.
        return iter((listener.opening.encode(),))

    return serve


class _Task(WSGITask):
    listener: Listener | None = None

    def finish(self) -> None:
        if self.listener is None:
            super().finish()
            return
        # The channel closes when all of this is sent, and hands the connection over then.
        with self.channel.outbuf_lock:
            if self.channel.connected:
                self.channel.chunked = self.chunked_response
                self.channel.listener, self.listener = self.listener, None

    def service(self) -> None:
        try:
            super().service()
        finally:
            if self.listener is not None:
                self.listener.close()

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        server = self.channel.server
        if server.trusts(environ["REMOTE_ADDR"]) and any(
            environ.get(name) == value for name, value in server.secure_headers.items()
        ):
            environ["wsgi.url_scheme"] = "https"
        environ["wsgi.multiprocess"] = True
        environ[TASK] = self
        return environ


class _Channel(HTTPChannel):
    task_class = _Task
    begun = 0.0
    unread_since: float | None = None
    listener: Listener | None = None
    chunked = False

    def handle_close(self) -> None:
        with self.outbuf_lock:
            listener, self.listener = self.listener, None
            if listener is not None:
                if self.connected and not self.total_outbufs_len:
                    self.server.hub.add(self.socket.dup(), listener, self.chunked)
                else:
                    listener.close()
            super().handle_close()

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.begun = time.time()
        return bool(super().received(data))

    def is_late(self, now: float) -> bool:
        """Whether its client had the time to send its request, or to read its answer."""
        if self.total_outbufs_len:
            self.unread_since = self.unread_since or now
            return now - self.unread_since > READ_WITHIN
        self.unread_since = None
        if self.requests:
            return False
        if self.request is None:
            return now - self.last_activity > IDLE
        limit = REQUEST_WITHIN if self.request.headers_finished else HEADERS_WITHIN
        return now - self.begun > limit


class _Server(TcpWSGIServer):
    channel_class = _Channel
    secure_headers: dict[str, str]
    trusted: list[str]
    hub: StreamHub

    def trusts(self, address: str) -> bool:
        return "*" in self.trusted or address in self.trusted

    def readable(self) -> bool:
        if self.accepting and len(self._map) >= self.adj.connection_limit:
            self._make_space()
        return bool(super().readable())

    def maintenance(self, now: float) -> None:
        for channel in list(self.active_channels.values()):
            if channel.is_late(now):
                # At once: `will_close` would wait until its client reads.
                channel.handle_close()

    def close_idle(self) -> None:
        """Close the connections that wait for a next request: nobody will answer it here."""
        for channel in list(self.active_channels.values()):
            if not channel.requests and not channel.total_outbufs_len and channel.request is None:
                channel.handle_close()

    def is_busy(self) -> bool:
        channels = self.active_channels.values()
        return any(channel.requests or channel.total_outbufs_len for channel in channels)

    def _make_space(self) -> None:
        """Close the connections that wait the longest, so that new clients are served."""
        waiting = [each for each in self.active_channels.values() if not each.requests]
        waiting.sort(key=lambda channel: channel.begun or channel.creation_time)
        for channel in waiting[: self.adj.connection_limit // 10]:
            channel.handle_close()


class BufferingWorker(Worker):
    def init_process(self) -> None:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        files = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
        self.connections = min(MOST_CONNECTIONS, files // 3)
        super().init_process()

    def run(self) -> None:
        sys.setswitchinterval(SWITCH_EVERY)
        # That a request waits a moment for a thread is no news.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        sockets: dict[int, Any] = {}
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(self.cfg.threads)
        self.hub = StreamHub()
        servers = [self._server(each, sockets, dispatcher) for each in self.sockets]
        notified = 0.0
        while self.alive and self.ppid == os.getppid():
            if time.monotonic() - notified > 1:
                notified = time.monotonic()
                self.notify()
            wasyncore.poll2(0.5, sockets)
        self.hub.stop()
        self._finish(servers, sockets)
        dispatcher.shutdown(timeout=1)

    def _server(self, listener: Any, sockets: dict[int, Any], dispatcher: Any) -> _Server:
        settings = Adjustments(
            sockets=[listener.sock],
            threads=self.cfg.threads,
            ident="",
            backlog=self.cfg.backlog,
            recv_bytes=64 * 1024,
            connection_limit=self.connections,
            cleanup_interval=5,
            channel_request_lookahead=1,  # else a client that went away is noticed late
            max_request_header_size=MOST_HEADER_BYTES,
            max_request_body_size=MOST_BODY_BYTES,
            clear_untrusted_proxy_headers=False,  # Django decides which it believes
            log_socket_errors=False,
        )
        sock = listener.sock
        server = _Server(
            _with_streams(self.wsgi), sockets, _sock=sock, dispatcher=dispatcher, adj=settings,
            bind_socket=False, sockinfo=(sock.family, sock.type, sock.proto, sock.getsockname()),
        )  # fmt: skip
        server.hub = self.hub
        allowed = self.cfg.forwarded_allow_ips
        server.trusted = allowed.split(",") if isinstance(allowed, str) else list(allowed)
        server.secure_headers = {
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in self.cfg.secure_scheme_headers.items()
        }
        return server

    def _finish(self, servers: list[_Server], sockets: dict[int, Any]) -> None:
        """Answer what was received, no longer than gunicorn waits."""
        is_orphan = self.ppid != os.getppid()
        until = time.monotonic() + (ORPHANED if is_orphan else self.cfg.graceful_timeout)
        for server in servers:
            server.accepting = False
            server.del_channel()
        for listener in self.sockets:
            listener.sock.close()
        while any(server.is_busy() for server in servers) and time.monotonic() < until:
            for server in servers:
                server.close_idle()
            self.notify()
            wasyncore.poll2(0.2, sockets)
