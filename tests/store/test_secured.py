"""A Redis of one's own behind TLS and a password: reached with both, refused in words without showing either."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from alertd.errors import StoreError
from alertd.state import reach
from alertd.store import keys
from alertd.store.connection import open_store

PASSWORD, OWN = "correct-horse-battery", "staple-of-the-sentinels"
REDIS, OPENSSL = shutil.which("redis-server"), shutil.which("openssl")
pytestmark = pytest.mark.skipif(
    REDIS is None or OPENSSL is None, reason="no redis-server with TLS or no openssl is installed here"
)


@dataclass(frozen=True)
class Secured:
    """Where the server listens, and the certificate that speaks for it."""

    port: int
    sentinel: int
    certificate: Path

    def url(self, password: str = PASSWORD, *, known: bool = True, scheme: str = "rediss") -> str:
        trust = f"?ssl_ca_certs={self.certificate}" if known else ""
        return f"{scheme}://:{password}@127.0.0.1:{self.port}/0{trust}"

    def behind_sentinel(self, password: str = PASSWORD, own: str = OWN) -> str:
        return (
            f"rediss+sentinel://:{password}@127.0.0.1:{self.sentinel}/news"
            f"?sentinel_password={own}&ssl_ca_certs={self.certificate}"
        )


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([str(OPENSSL), "req", *options.split(), *files], check=True, capture_output=True)
    port, sentinel = _free_port(), _free_port()
    through_tls = (
        f"port 0\nbind 127.0.0.1\ntls-cert-file {certificate}\ntls-key-file {key}\ntls-ca-cert-file {certificate}\n"
        "tls-auth-clients no\ntls-replication yes\n"
    )
    (folder / "server.conf").write_text(f'{through_tls}tls-port {port}\nrequirepass {PASSWORD}\nsave ""\n')
    (folder / "sentinel.conf").write_text(
        f"{through_tls}tls-port {sentinel}\nrequirepass {OWN}\nsentinel monitor news 127.0.0.1 {port} 1\n"
        f"sentinel auth-pass news {PASSWORD}\n"
    )
    with _serving(folder, "server.conf"), _serving(folder, "sentinel.conf", "--sentinel"):
        yield Secured(port, sentinel, certificate)


@contextmanager
def _serving(folder: Path, *arguments: str) -> Iterator[None]:
    server = subprocess.Popen(
        [str(REDIS), *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if "Ready to accept connections" in line or "Sentinel ID is" in line:
                break
        else:
            if any("tls" in line.casefold() for line in said):
                pytest.skip("this redis-server was built without TLS")
            pytest.fail("".join(said))
        yield
    finally:
        server.kill()
        server.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def test_a_redis_behind_tls_and_a_password_serves(secured: Secured) -> None:
    async with open_store(secured.url()) as store:
        await reach(store)
        await store.prepare()
        assert await store.run("lag", [keys.ALERTS], ["notify"]) == 0


async def test_servers_and_sentinels_are_reached_through_tls_each_with_its_password(secured: Secured) -> None:
    async with open_store(secured.behind_sentinel()) as store:
        await reach(store)
        await store.prepare()
        assert await store.run("lag", [keys.ALERTS], ["notify"]) == 0


@pytest.mark.parametrize(("password", "own"), [("wrong", OWN), (PASSWORD, "wrong")], ids=["server", "sentinel"])
async def test_a_wrong_password_behind_sentinels_is_said_without_it(secured: Secured, password: str, own: str) -> None:
    with pytest.raises(StoreError, match="cannot be reached") as raised:
        async with asyncio.timeout(30):
            await reach(open_store(secured.behind_sentinel(password, own)))
    assert not [word for word in (PASSWORD, OWN) if word in f"{raised.value} {raised.value.hint}"]


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
