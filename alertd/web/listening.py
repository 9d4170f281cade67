"""Listening on an address, and the headers that every answer carries."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from alertd.errors import AlertdError

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "alertd",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Set on every answer, errors included, unless it has its own."""
_PATIENCE: Final = 60.0


async def listen(application: web.Application, host: str, port: int, *, where: str, hint: str) -> web.AppRunner:
    """Serve an application; `cleanup` of what is returned ends it.

    Args:
        application: gets the headers of every answer.
        host: address to listen on.
        port: TCP port; 0 takes any free one, see `port_of`.
        where, hint: for the error: the setting that is meant, and what to do.

    Raises:
        AlertdError: the address is taken or not ours.
    """
    application.on_response_prepare.append(_strict)
    try:
        return await serve(application, host, port, patience=_PATIENCE)
    except OSError as error:
        raise AlertdError(
            f"cannot listen on {host}:{port}: {error.strerror or error}", where=where, hint=hint
        ) from error


async def serve(
    application: web.Application, host: str = "127.0.0.1", port: int = 0, *, patience: float = 0.1
) -> web.AppRunner:
    """Serve an application as it is, for demonstrations, tests and benchmarks; `cleanup` of what is returned ends it.

    Args:
        patience: seconds that its end waits for requests under way.

    Raises:
        OSError: the address is taken or not ours.
    """
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=patience)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


def port_of(runner: web.AppRunner) -> int:
    """The port that was taken."""
    return int(runner.addresses[0][1])


async def _strict(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = HEADERS["Server"]
