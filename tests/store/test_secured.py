"""A Redis of one's own behind TLS and a password: reached with both, refused in words without showing either."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from alertd.errors import StoreError
from alertd.state import reach
from alertd.store import keys
from alertd.store.connection import open_store

PASSWORD = "correct-horse-battery"
REDIS, OPENSSL = shutil.which("redis-server"), shutil.which("openssl")
pytestmark = pytest.mark.skipif(
    REDIS is None or OPENSSL is None, reason="no redis-server with TLS or no openssl is installed here"
)


@dataclass(frozen=True)
class Secured:
    """Where the server listens, and the certificate that speaks for it."""

    port: int
    certificate: Path

    def url(self, password: str = PASSWORD, *, known: bool = True, scheme: str = "rediss") -> str:
        trust = f"?ssl_ca_certs={self.certificate}" if known else ""
        return f"{scheme}://:{password}@127.0.0.1:{self.port}/0{trust}"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([str(OPENSSL), "req", *options.split(), *files], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            str(REDIS), "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD,
            "--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no", "--save", "",
        ],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if "Ready to accept connections" in line:
                break
        else:
            if any("tls" in line.casefold() for line in said):
                pytest.skip("this redis-server was built without TLS")
            pytest.fail("".join(said))
        yield Secured(port, certificate)
    finally:
        server.kill()
        server.wait()


async def test_a_redis_behind_tls_and_a_password_serves(secured: Secured) -> None:
    async with open_store(secured.url()) as store:
        await reach(store)
        await store.prepare()
        assert await store.run("lag", [keys.ALERTS], ["notify"]) == 0


async def test_a_parameter_that_does_not_fit_is_named(secured: Secured) -> None:
    with pytest.raises(StoreError, match="has a parameter") as raised:
        await reach(open_store(secured.url(scheme="redis")))
    assert "rediss://" in raised.value.hint
    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize(
    ("password", "known", "scheme"),
    [("wrong-horse-battery", True, "rediss"), (PASSWORD, False, "rediss"), (PASSWORD, False, "redis")],
    ids=["password", "certificate", "no TLS"],
)
async def test_what_is_wrong_is_said_without_the_password(
    secured: Secured, password: str, known: bool, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(StoreError, match="cannot be reached") as raised:
        async with asyncio.timeout(30):
            await reach(open_store(secured.url(password, known=known, scheme=scheme)))
    assert str(raised.value).startswith("redis.url: ")
    assert password not in f"{raised.value} {raised.value.hint} {caplog.text}"
