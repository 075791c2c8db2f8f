"""A TCP proxy between browser and server whose connections can be cut and restored."""

import selectors
import socket
import struct
import threading
from contextlib import suppress

_BLOCK = 1 << 16
_LINGER_ZERO = struct.pack("ii", 1, 0)


class DroppingProxy:
    """Forwards connections to a local server until `drop`, and again from `restore` on.

    Args:
        server: address such as http://127.0.0.1:8501.
    """

    def __init__(self, server: str) -> None:
        self._server_port = int(server.rpartition(":")[2])
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._port = 0
        self.restore()
        self.address = f"http://127.0.0.1:{self._port}"

    def restore(self) -> None:
        """Accept connections again, on the same port."""
        listener = socket.create_server(("127.0.0.1", self._port), reuse_port=False)
        self._port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def drop(self) -> None:
        """Cut all connections in the middle of whatever they carry, and refuse new ones."""
        with self._lock:
            listener, self._listener = self._listener, None
            cut, self._sockets = self._sockets, set()
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for one in cut:
            _reset(one)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # dropped
            threading.Thread(target=self._forward, args=(client, listener), daemon=True).start()

    def _forward(self, client: socket.socket, listener: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._server_port))
        except OSError:
            client.close()
            return
        pair = {client: server, server: client}
        with self._lock:
            if self._listener is not listener:
                _reset(client)
                server.close()
                return
            self._sockets |= pair.keys()
        with selectors.DefaultSelector() as ready, suppress(OSError, ValueError):
            for one in pair:
                ready.register(one, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select(timeout=1):
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    content = source.recv(_BLOCK)
                    if not content:
                        raise OSError("closed by its peer")
                    pair[source].sendall(content)
        with self._lock:
            self._sockets -= pair.keys()
        for one in pair:
            one.close()


def _reset(one: socket.socket) -> None:
    """Close with a reset instead of a proper end, as a lost network looks to both sides."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        one.shutdown(socket.SHUT_RDWR)
    one.close()
