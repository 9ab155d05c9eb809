"""Sends events to those who listen, from one thread of each web process, however many they are.

The web worker hands a connection over once the beginning of the answer is sent; from then on it
costs a socket here, and no thread, and no database connection of its own.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

logger = logging.getLogger(__name__)
MOST_UNSENT = 1024 * 1024
"""Bytes that wait for a client; one that reads no faster is cut off and comes back."""
END = b"0\r\n\r\n"


class Listener(Protocol):
    """What this needs to know of `incidents.api.streams`, which Django has to load first."""

    @property
    def every(self) -> float: ...

    def news_of(self, listeners: Sequence[Listener]) -> Iterator[tuple[Listener, str | None]]: ...

    def close(self) -> None: ...


@dataclass(eq=False)
class _Connection:
    socket: socket.socket
    listener: Listener
    chunked: bool
    unsent: bytearray = field(default_factory=bytearray)

    def add(self, text: str) -> None:
        data = text.encode()
        self.unsent += b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data

    def send(self) -> None:
        """As much as the client takes now. Raises OSError if it is not there any more."""
        with suppress(BlockingIOError):
            while self.unsent:
                del self.unsent[: self.socket.send(self.unsent)]

    def is_there(self) -> bool:
        try:
            # What it sends is not read: the answer to its request is the last.
            return bool(self.socket.recv(4096))
        except BlockingIOError:
            return True
        except OSError:
            return False


class StreamHub:
    def __init__(self) -> None:
        self._arrived: deque[_Connection] = deque()
        self._connections: dict[Listener, _Connection] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._away = False
        self._wakes, self._woken = -1, -1

    def add(self, client: socket.socket, listener: Listener, chunked: bool) -> None:
        """From here on `client` belongs to this."""
        client.setblocking(False)
        with self._lock:
            if self._stopping:
                client.close()
                listener.close()
                return
            self._arrived.append(_Connection(client, listener, chunked))
            if self._thread is None:
                # Only now: a process that was forked since would have no such thread.
                self._woken, self._wakes = os.pipe()
                self._thread = threading.Thread(target=self._run, name="streams", daemon=True)
                self._thread.start()
        os.write(self._wakes, b"x")

    def stop(self) -> None:
        """End all streams; their clients come back, to whichever process serves then."""
        with self._lock:
            self._stopping = True
            thread = self._thread
        if thread is not None:
            os.write(self._wakes, b"x")
            thread.join(timeout=2)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            due = time.monotonic()
            while not self._stopping:
                wait = max(0.0, due - time.monotonic()) if self._connections else None
                for key, events in selector.select(wait):
                    if key.data is None:
                        os.read(self._woken, 4096)
                        self._accept(selector)
                    else:
                        self._serve(selector, key.data, events)
                if self._connections and time.monotonic() >= due:
                    due = time.monotonic() + self._send_news(selector)
            self._accept(selector)
            for each in list(self._connections.values()):
                self._end(selector, each)

    def _accept(self, selector: selectors.BaseSelector) -> None:
        while self._arrived:
            each = self._arrived.popleft()
            self._connections[each.listener] = each
            selector.register(each.socket, selectors.EVENT_READ, each)

    def _serve(self, selector: selectors.BaseSelector, each: _Connection, events: int) -> None:
        if events & selectors.EVENT_READ and not each.is_there():
            self._drop(selector, each)
        elif events & selectors.EVENT_WRITE:
            self._flush(selector, each)

    def _send_news(self, selector: selectors.BaseSelector) -> float:
        """Seconds until there may be more."""
        listeners = list(self._connections)
        close_old_connections()
        try:
            for listener, text in listeners[0].news_of(listeners):
                each = self._connections[listener]
                if text is None:
                    self._end(selector, each)
                else:
                    each.add(text)
                    self._flush(selector, each)
            self._away = False
        except (DatabaseError, InterfaceError):
            # Who may listen is not known: nobody is sent anything until it is.
            if not self._away:
                logger.warning("The database does not answer; streams wait.", exc_info=True)
            self._away = True
            connection.close()
        except Exception:
            logger.exception("The streams of events could not be served.")
        if not self._connections:
            connection.close()
        return listeners[0].every

    def _flush(self, selector: selectors.BaseSelector, each: _Connection) -> None:
        try:
            each.send()
        except OSError:
            self._drop(selector, each)
            return
        if len(each.unsent) > MOST_UNSENT:
            self._drop(selector, each)
            return
        writes = selectors.EVENT_WRITE if each.unsent else 0
        selector.modify(each.socket, selectors.EVENT_READ | writes, each)

    def _end(self, selector: selectors.BaseSelector, each: _Connection) -> None:
        if each.chunked:
            each.unsent += END
        with suppress(OSError):
            each.send()
        self._drop(selector, each)

    def _drop(self, selector: selectors.BaseSelector, each: _Connection) -> None:
        self._connections.pop(each.listener, None)
        selector.unregister(each.socket)
        each.socket.close()
        each.listener.close()
