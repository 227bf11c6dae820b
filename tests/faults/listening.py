"""Listening on several ports from one thread, each of which can refuse for a while and come back as the same port."""

from __future__ import annotations

import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable

from faults.wire import Wire

# Small, so that a body of some megabytes is still being sent when its reading stops.
_RECEIVE_BUFFER = 64 * 1024


class Acceptor:
    """The listening sockets; what is accepted goes to `accepted(name, wire)`, in the acceptor's thread."""

    def __init__(self, names: Iterable[str], accepted: Callable[[str, Wire], None]) -> None:
        self._accepted = accepted
        # Bound for good and never listening: the port stays ours while the origin refuses. `dead` always does.
        self._reserved = {name: _bound(0) for name in (*names, "dead")}
        self.ports: dict[str, int] = {name: sock.getsockname()[1] for name, sock in self._reserved.items()}
        self._listeners: dict[str, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._waker, self._wakee = socket.socketpair()
        self._selector.register(self._wakee, selectors.EVENT_READ)
        self._commands: deque[tuple[Callable[[], None], threading.Event]] = deque()
        self._running = True
        self._thread = threading.Thread(target=self._run, name="faults-acceptor", daemon=True)
        self._thread.start()
        self.listen(set(names))

    def listen(self, names: set[str]) -> None:
        """Listen for these origins and no others; done when it returns."""
        if names != self._listeners.keys():
            self._command(lambda: self._listen(names))

    def flush(self) -> None:
        """Accept all that clients have connected by now."""
        self._command(self._accept_all)

    def close(self) -> None:
        if self._running:
            self._command(self._stop)
            self._thread.join()
            for sock in (*self._reserved.values(), self._waker, self._wakee):
                sock.close()

    def _command(self, command: Callable[[], None]) -> None:
        done = threading.Event()
        self._commands.append((command, done))
        self._waker.send(b"x")
        done.wait()

    def _run(self) -> None:
        while self._running:
            for key, _ in self._selector.select():
                if key.fileobj is self._wakee:
                    self._wakee.recv(1)
                    command, done = self._commands.popleft()
                    command()
                    done.set()
            if self._running:
                self._accept_all()

    def _accept_all(self) -> None:
        for name, listener in self._listeners.items():
            while True:
                try:
                    sock, _ = listener.accept()
                except (BlockingIOError, ConnectionAbortedError):
                    break
                sock.setblocking(True)
                self._accepted(name, Wire(sock))

    def _listen(self, names: set[str]) -> None:
        self._accept_all()  # what connected before is served, not reset
        for name in self._listeners.keys() - names:
            listener = self._listeners.pop(name)
            self._selector.unregister(listener)
            listener.close()
        for name in names - self._listeners.keys():
            listener = _bound(self.ports[name])
            listener.listen(128)
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ)
            self._listeners[name] = listener

    def _stop(self) -> None:
        self._listen(set())
        self._selector.close()
        self._running = False


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    sock.bind(("127.0.0.1", port))
    return sock
