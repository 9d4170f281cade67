"""Keeps the embedded Redis server: starts it, counts its clients, ends it when nobody is left.

Redis cannot end itself after its last client, and alertd may be killed at any time; so this small process of its own
is the server's parent. It imports only the standard library, and little of it, which keeps it at a few megabytes.

The promises and what keeps them:

- One server a folder: an exclusive ``flock`` on ``keeper.lock``. The server inherits the descriptor, so the lock is
  free only when both, and any child of the server that rewrites the append-only file, are gone.
- No server without its keeper: the kernel kills the server when the keeper dies (PR_SET_PDEATHSIG, Linux).
- No client cut off by the end: the socket is moved aside first, then clients are counted once more.
- A server that dies by itself (the kernel was out of memory, say) is started again on the same files.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import sys
import time
from typing import Any, Final

from alertd.store.raw import LOCK, LOG, NOTE, Connection, birth

# pathlib would add a megabyte to a process that runs for years
# ruff: noqa: PTH104, PTH105, PTH106, PTH108, PTH116, PTH120, PTH123

LOG_LIMIT: Final = 1_000_000
"""Bytes of the log after which it is renamed to ``server.log.1``; so twice that is the most there is."""

GRACE: Final = 10.0
"""Seconds that the server has to write its file and end, before it is killed."""

SHORT_LIFE: Final = 5.0
"""Seconds; a server that dies younger than this, three times in a row, is not started again."""

PR_SET_PDEATHSIG: Final = 1


def options(address: str) -> list[str]:
    """Give the server's options.

    Every command reaches the append-only file before its reply is sent, so that a killed server loses nothing it has
    acknowledged; only a power cut costs the last second (``everysec``). Syncing at each command instead would cost a
    disk flush an article, for news that every feed still shows after a second. A file that a power cut left with half
    a command at its end is loaded up to there: half a command was never acknowledged.

    What is written when the file is written anew is not compressed: the child that does so takes a processor for
    seconds, beside the server and alertd. What was said of a company in a week stays one piece of memory, with its
    headlines, and not some hundred that leave as many holes.
    """
    return [
        *("--port", "0", "--unixsocket", address, "--unixsocketperm", "700", "--protected-mode", "yes"),
        *("--daemonize", "no", "--databases", "1", "--logfile", LOG, "--loglevel", "notice"),
        *("--appendonly", "yes", "--appendfsync", "everysec", "--aof-load-truncated", "yes", "--save", ""),
        *("--rdbcompression", "no", "--hash-max-ziplist-value", "256"),
        *("--maxmemory-policy", "noeviction"),
    ]


class Keeper:
    """The parent of one server; works in the current directory, which holds the server's files.

    Args:
        binary: the redis-server.
        address: its unix socket.
        linger: seconds that it outlives its last client.
        lock: the descriptor of the lock that was taken, which the server inherits.
    """

    def __init__(self, binary: str, address: str, linger: float, lock: int) -> None:
        self.binary = binary
        self.address = address
        self.linger = linger
        self.lock = lock
        self.step = min(1.0, max(0.02, linger / 4))
        self.stopping = False
        self.asked = False
        self.ready = False
        self.server = 0
        self.link: Connection | None = None
        self.connections = -1
        self.quiet_since = time.monotonic()
        self.image = _image(binary)
        self.waking, writing = os.pipe()
        os.set_blocking(self.waking, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)

    def run(self) -> int:
        """Serve until the last client is gone, a signal says so, or the server cannot live; give the exit code."""
        short_lives = 0
        try:
            while True:
                started = time.monotonic()
                self._note()
                self.server = self._spawn()
                status = self._watch()
                self._forget_link()
                how = f"the server ended with {_status(status)}"
                _log(how)
                if not self.ready:
                    _report(f"failed: {how}")
                if self.asked or status == 0:
                    return 0
                short_lives = short_lives + 1 if time.monotonic() - started < SHORT_LIFE else 0
                if not self.ready or short_lives >= 3 or _image(self.binary) != self.image:
                    # another binary may be an older one, which would come up empty: the next start checks that
                    _log("it is not started again")
                    return 1
                self._pause(short_lives)
                if self.stopping:
                    return 0
        finally:
            for name in (self.address, f"{self.address}.aside", NOTE):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name)
            with contextlib.suppress(OSError):  # somebody else's file in it, or gone already
                os.rmdir(os.path.dirname(self.address))

    def _note(self) -> None:
        here = os.stat(".")
        note = {
            "keeper": os.getpid(),
            "born": birth(os.getpid()),
            "socket": self.address,
            # a copy of the folder has another identity: its note must not lead to this server
            "folder": [here.st_dev, here.st_ino],
        }
        with open(f"{NOTE}.new", "w", encoding="utf-8") as out:
            json.dump(note, out)
        os.replace(f"{NOTE}.new", NOTE)

    def _spawn(self) -> int:
        keeper = os.getpid()
        log = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        # a signal that met the child while it still had our handlers would be lost: it waits until these are gone
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
        server = os.fork()
        if server:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(log)
            return server
        try:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.dup2(log, 1)
            os.dup2(log, 2)
            if sys.platform == "linux":
                # the signal follows the death of the forking thread: the keeper has only this one
                ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() == keeper:  # else it died before the line above
                os.set_inheritable(self.lock, True)
                os.execv(self.binary, [self.binary, *options(self.address)])  # noqa: S606
        except OSError as error:
            os.write(2, f"cannot run {self.binary}: {error}\n".encode(errors="replace"))
        finally:
            os._exit(127)

    def _watch(self) -> int:
        """Wait until the server has ended, asked or not; give its wait status."""
        self.quiet_since = time.monotonic()
        while True:
            ended, status = os.waitpid(self.server, os.WNOHANG)
            if ended:
                return status
            if self.stopping or (self._quiet() and time.monotonic() - self.quiet_since >= self.linger and self._shut()):
                return self._end()
            _bound_log()
            self._pause(self.step if self.ready else 0.02)

    def _quiet(self) -> bool:
        """Tell whether nobody is there and nobody was since the last look; what cannot be told is no quiet."""
        info = self._info()
        if info is None or info.get("loading") != "0":
            self.quiet_since = time.monotonic()
            return False
        if not self.ready:
            self.ready = True
            _log(f"the server is ready, pid {self.server}")
            _report("ready")
        connections = int(info["total_connections_received"])
        # a client that came and went between two looks shows in the total only
        quiet = int(info["connected_clients"]) <= 1 and connections == self.connections
        if not quiet:
            self.quiet_since = time.monotonic()
        self.connections = connections
        return quiet

    def _info(self) -> dict[str, str] | None:
        try:
            if self.link is None:
                self.link = Connection(self.address, 2.0)
            return self.link.info()
        except OSError:
            self._forget_link()
            return None

    def _forget_link(self) -> None:
        if self.link is not None:
            self.link.close()
            self.link = None

    def _shut(self) -> bool:
        """Move the socket aside, so that no new client can come; back again when one just made it."""
        aside = f"{self.address}.aside"
        with contextlib.suppress(FileNotFoundError):  # whoever removed it: no new client can come either
            os.rename(self.address, aside)
        # Whoever connected before the move waits at the listening socket when the first question arrives there;
        # the server has taken in all of them before it reads the second.
        if self._quiet() and self._quiet():
            return True
        with contextlib.suppress(FileNotFoundError):
            os.rename(aside, self.address)
        return False

    def _end(self) -> int:
        _log("told to end" if self.stopping else f"no client for {self.linger:g} s")
        self.asked = True
        self._forget_link()
        os.kill(self.server, signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline:
            ended, status = os.waitpid(self.server, os.WNOHANG)
            if ended:
                return status
            self._pause(0.1)
        _log(f"the server did not end within {GRACE:g} s and is killed")
        os.kill(self.server, signal.SIGKILL)
        return os.waitpid(self.server, 0)[1]

    def _pause(self, seconds: float) -> None:
        """Wait, but not past a signal."""
        select.select([self.waking], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self.waking, 4096)

    def _on_stop(self, *_: Any) -> None:
        self.stopping = True


def _image(binary: str) -> tuple[int, ...]:
    try:
        stat = os.stat(binary)
    except OSError:
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _status(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def _log(text: str) -> None:
    stamp = time.strftime("%d %b %Y %H:%M:%S")
    # a full disk must not end the keeper, for the server would go with it
    with contextlib.suppress(OSError), open(LOG, "a", encoding="utf-8") as log:
        log.write(f"{os.getpid()}:K {stamp} * {text}\n")


def _bound_log() -> None:
    # the server opens its log anew for each line, so that it follows the change of name
    with contextlib.suppress(OSError):
        if os.stat(LOG).st_size > LOG_LIMIT:
            os.replace(LOG, f"{LOG}.1")


def _report(word: str) -> None:
    """Tell whoever started us, once; it may be gone."""
    with contextlib.suppress(OSError):
        os.write(1, word.encode(errors="replace"))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def main(arguments: list[str]) -> int:
    """Run the keeper: ``keeper.py FOLDER BINARY SOCKET LINGER``, with ``ready``, ``busy`` or an error on stdout."""
    folder, binary, address, linger = arguments
    if os.fork():
        return 0  # whoever started us need not reap the keeper
    os.umask(0o077)
    try:
        os.chdir(folder)
        lock = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _report("busy")
            return 0
        return Keeper(binary, address, float(linger), lock).run()
    except OSError as error:
        _report(f"failed: {error}")
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
