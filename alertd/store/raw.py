"""What the keeper and those who look for its server share: names of files, and a raw connection.

The keeper imports this: standard library only, and little of it.
"""

from __future__ import annotations

import socket
from typing import Final

LOCK: Final = "keeper.lock"
"""Locked by the keeper and its server, in the folder of the server's files, for as long as either lives."""

NOTE: Final = "keeper.json"
"""Says where the server listens and who keeps it."""

LOG: Final = "server.log"
"""Written by both."""


class Connection:
    """One raw connection to the server, blocking.

    Args:
        path: the unix socket.
        timeout: seconds for each operation.

    Raises:
        OSError: nobody listens there.
    """

    def __init__(self, path: str, timeout: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(path)
        except BaseException:
            self._socket.close()
            raise
        self._replies = self._socket.makefile("rb")

    def info(self) -> dict[str, str]:
        """Ask for INFO and give it as names and values; the server answers it while it loads, too.

        Raises:
            OSError: the connection broke, timed out, or the server refused.
        """
        self._socket.sendall(b"*1\r\n$4\r\nINFO\r\n")
        head = self._replies.readline()
        if not head.startswith(b"$"):
            raise ConnectionError(head.decode(errors="replace").strip() or "closed by the server")
        size = int(head[1:])
        body = self._replies.read(size + 2)
        if len(body) != size + 2:
            raise ConnectionError("closed by the server")
        pairs = (line.partition(":") for line in body.decode(errors="replace").splitlines())
        return {name: value for name, colon, value in pairs if colon}

    def close(self) -> None:
        """Close it; calling it again does nothing."""
        self._replies.close()
        self._socket.close()


def birth(pid: int) -> str:
    """Tell when a process began, in the kernel's own count, so that a reused pid is seen; empty when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123 - see keeper.py
            return stat.read().rpartition(b")")[2].split()[19].decode()
    except OSError:
        return ""
