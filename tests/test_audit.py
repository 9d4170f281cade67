"""A known hole fails the audit unless it is accepted with a reason; a service that is away fails nothing."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "requirements" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def package(name: str, *holes: str) -> dict[str, Any]:
    vulns = [{"id": hole, "aliases": [f"CVE-{hole}"], "fix_versions": ["9.9"]} for hole in holes]
    return {"name": name, "version": "1.0", "vulns": vulns}


UNKNOWN = {"name": "ours", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("dependencies", "accepted", "code", "said"),
    [
        ([package("a"), package("b")], "", 0, "2 packages audited by pypi, 0 known holes"),
        ([package("a", "PYSEC-1")], "", 1, "a 1.0: PYSEC-1, mended in 9.9"),
        ([package("a", "PYSEC-1")], '"PYSEC-1" = "It needs a server."', 0, "accepted: PYSEC-1: It needs a server."),
        ([package("a", "PYSEC-1")], '"CVE-PYSEC-1" = "It needs a server."', 0, "accepted: CVE-PYSEC-1"),
        ([package("a", "PYSEC-1", "PYSEC-2")], '"PYSEC-1" = "It needs a server."', 1, "a 1.0: PYSEC-2"),
        ([package("a")], '"PYSEC-1" = "It needs a server."', 0, "no longer there, take it out of audit.toml: PYSEC-1"),
        ([package("a", "PYSEC-1")], '"PYSEC-1" = ""', 2, "PYSEC-1 is accepted without a reason"),
        ([UNKNOWN, package("a")], "", 0, "1 packages are not known to the advisory service: ours"),
        ([UNKNOWN], "", 0, "NOT AUDITED"),
    ],
)
def test_what_an_audit_means(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    dependencies: list[dict[str, Any]], accepted: str, code: int, said: str,
) -> None:  # fmt: skip
    (tmp_path / "audit.toml").write_text(f"[accepted]\n{accepted}\n", encoding="utf-8")
    monkeypatch.setattr(audit, "ACCEPTED", tmp_path / "audit.toml")
    fake = tmp_path / "fake.py"
    report = json.dumps({"dependencies": dependencies})
    fake.write_text(f"import sys\nprint({report!r})\nsys.exit({int(code == 1)})\n", encoding="utf-8")
    assert audit.main([sys.executable, str(fake)]) == code
    out = capfd.readouterr()
    assert said in out.out + out.err


def test_a_service_that_is_away_fails_nothing(
    audit: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake = tmp_path / "fake.py"
    fake.write_text("import sys\nsys.exit('no route to host')\n", encoding="utf-8")
    assert audit.main([sys.executable, str(fake)]) == 0
    assert "NOT AUDITED" in capfd.readouterr().err


def test_what_is_accepted_has_reasons(audit: ModuleType) -> None:
    audit.accepted((ROOT / "requirements" / "audit.toml").read_text(encoding="utf-8"))


def test_ci_audits() -> None:
    assert "step make audit" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
