"""Tells the service manager that started the daemon how it does: the protocol of systemd's `sd_notify(3)`.

A datagram to the socket that the environment names says that the daemon is ready, that it ends, and now and then that
it lives. Without such a socket nothing is said.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass

from alertd.stages.context import pause
from alertd.web.health import HealthCheck, answered

logger = logging.getLogger(__name__)

LOOK = 0.5
"""Seconds between two looks whether the daemon is ready, while it is not."""
LOOK_AGAIN = 5.0
"""The same once it was ready, for the words that `systemctl status` shows."""
LIMIT = 1.0
"""Seconds within which the parts have to say how they are."""
STARTING = 30.0
"""Seconds more that a daemon asks for that is alive and not ready yet; Slack or Redis may be away for long."""
_MORE = f"EXTEND_TIMEOUT_USEC={STARTING * 1e6:.0f}"
_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


@dataclass(frozen=True, slots=True)
class Supervisor:
    """The service manager.

    Attributes:
        address: its datagram socket: a path, or an abstract name that begins with a NUL; "" when there is none.
        watchdog: seconds after which it takes a daemon for hung that said nothing; 0.0 when it does not watch.
    """

    address: str = ""
    watchdog: float = 0.0

    def say(self, *lines: str) -> None:
        """Send what `sd_notify(3)` lists, such as "READY=1"; never waits, and a manager that is away is only logged."""
        if not self.address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as out:
            try:
                out.sendto("\n".join(lines).encode(), self.address)
            except OSError as error:
                logger.warning("the service manager hears nothing: %s", error.strerror or type(error).__name__)

    def wait(self, words: str) -> None:
        """Ask for more time, and say in words what takes it."""
        self.say(f"STATUS={words}", _MORE)


def supervisor(environment: MutableMapping[str, str]) -> Supervisor:
    """Read who supervises this process, and take it out of the environment: what this process starts is not meant."""
    name, every, meant = (environment.pop(variable, "") for variable in _VARIABLES)
    if name.startswith("@"):
        address = "\0" + name[1:]
    elif name.startswith("/"):
        address = name
    else:
        if name:
            logger.warning("NOTIFY_SOCKET is neither a path nor an abstract name: the service manager hears nothing")
        return Supervisor()
    watched = every.isdecimal() and meant in ("", str(os.getpid()))
    return Supervisor(address, int(every) / 1e6 if watched else 0.0)


async def supervise(manager: Supervisor, health: HealthCheck, stop: asyncio.Event) -> None:
    """Say how the daemon does until it is cancelled: ready once all its parts are fine, and at its end that it ends.

    Args:
        manager: whom to tell.
        health: what /readyz asks; may hang.
        stop: set when the daemon was told to end.
    """
    if not manager.address:
        return
    async with asyncio.TaskGroup() as group:
        group.create_task(_live(manager), name="watchdog")
        group.create_task(_state(manager, health, stop), name="state")


async def _live(manager: Supervisor) -> None:
    """Say that the loop lives, at half of the time that it is given; what its parts do is another matter."""
    while manager.watchdog:
        manager.say("WATCHDOG=1")
        await asyncio.sleep(manager.watchdog / 2)


async def _state(manager: Supervisor, health: HealthCheck, stop: asyncio.Event) -> None:
    ready, said = False, ""
    while not stop.is_set():
        fine, words = await _words(health)
        if fine and not ready:
            manager.say("READY=1", "STATUS=ready")
            ready, said = True, "ready"
        elif words != said:
            manager.say(f"STATUS={words}")
            said = words
        if not ready:
            manager.say(_MORE)
        await pause(stop, LOOK_AGAIN if ready else LOOK)
    manager.say("STOPPING=1", "STATUS=ending what is under way")


async def _words(health: HealthCheck) -> tuple[bool, str]:
    """Whether all is fine, and in one line what is not."""
    found = await answered(health, LIMIT)
    if found is None:
        return False, "no answer from its parts"
    wrong = [f"{part.name}: {part.detail or 'does not work'}" for part in found.parts if not part.ok]
    return found.ok, " ".join("; ".join(wrong).split()) or ("ready" if found.ok else "starting")
