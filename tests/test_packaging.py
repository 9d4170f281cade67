"""What is installed where: dependencies, locks, the image, CI. No engine and no network are needed."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
RUNTIME, DEV = ROOT / "requirements" / "runtime.lock", ROOT / "requirements" / "dev.lock"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins(lock: Path) -> dict[str, Requirement]:
    lines = [line.partition(" \\")[0] for line in lock.read_text().splitlines() if line and line[0] not in "# "]
    requirements = [Requirement(line) for line in lines]
    found: dict[str, Requirement] = {canonicalize_name(requirement.name): requirement for requirement in requirements}
    assert len(found) == len(lines)
    return found


def version(requirement: Requirement) -> str:
    (only,) = requirement.specifier
    assert only.operator == "=="
    return only.version


def test_no_torch_without_the_extra() -> None:
    """Follows the metadata of what is installed, without extras, from our own dependencies on."""
    waiting = [Requirement(line) for line in PROJECT["dependencies"]]
    reached: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in reached or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        reached.add(name)
        waiting += [Requirement(line) for line in importlib.metadata.requires(name) or []]
    assert "transformers" in reached
    assert "torch" not in reached
    assert reached <= set(pins(RUNTIME))


def test_the_runtime_lock_holds_our_dependencies_and_no_torch() -> None:
    locked = pins(RUNTIME)
    for line in PROJECT["dependencies"]:
        wanted = Requirement(line)
        assert Version(version(locked[canonicalize_name(wanted.name)])) in wanted.specifier
    assert not [name for name in locked if name == "torch" or name.startswith(("nvidia", "triton", "cuda"))]


def test_the_runtime_lock_names_the_files_of_each_version_by_their_hashes() -> None:
    entries = [entry.split(" \\\n    ") for entry in re.split(r"\n(?=[^ #\n])", RUNTIME.read_text().strip())]
    for pin, *hashes in (entry for entry in entries if not entry[0].startswith("#")):
        assert hashes, f"{pin} without hashes"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line.strip()) for line in hashes)
        assert len(hashes) == len(set(hashes))


def test_whatever_installs_what_runs_alertd_insists_on_the_hashes() -> None:
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    installs = [line for line in makefile.splitlines() if "requirements/runtime.lock" in line and "install" in line]
    installs = [line for line in installs if not line.startswith("$(")]
    assert len(installs) == 3
    assert all("--require-hashes" in line and "--constraint" not in line for line in installs)


def test_the_dev_lock_is_the_runtime_lock_and_more() -> None:
    runtime, dev = pins(RUNTIME), pins(DEV)
    assert {name: version(dev[name]) for name in runtime} == {name: version(pin) for name, pin in runtime.items()}
    for line in PROJECT["optional-dependencies"]["dev"]:
        wanted = Requirement(line)
        assert Version(version(dev[canonicalize_name(wanted.name)])) in wanted.specifier


def test_locks_hold_nothing_of_the_machine_that_wrote_them() -> None:
    for lock in (RUNTIME, DEV):
        text = lock.read_text()
        assert not re.search(r"^-|https?://|file:|@|\+", re.sub(r"^#.*$", "", text, flags=re.M), re.MULTILINE)


def test_licence_and_attributions_travel_with_the_package() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    assert PROJECT["license-files"] == ["LICENSE", "NOTICE"]
    assert "Version 2.0, January 2004" in (ROOT / "LICENSE").read_text()
    notice = (ROOT / "NOTICE").read_text()
    for work in ("all-MiniLM-L6-v2", "MiniLM, Copyright", "SEntFiN", "FinEntity", "Twitter Financial News", "FIRE",
                 "NewsMTSC", "FinanceDatabase", "Securities and Exchange Commission", "PDDL"):  # fmt: skip
        assert work in notice


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^\s*#.*$", "", (ROOT / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    words = [line.strip().partition(" ") for line in text.splitlines() if line.strip()]
    return [(name, rest.strip()) for name, _, rest in words]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_image_is_built_in_stages_and_runs_without_root() -> None:
    steps = instructions()
    stages = [rest for name, rest in steps if name == "FROM"]
    assert len(stages) == 2
    assert all(stage.startswith("python:3.12-slim") for stage in stages)
    last = steps[max(index for index, (name, _) in enumerate(steps) if name == "FROM") :]
    users = [rest for name, rest in last if name == "USER"]
    assert users
    assert users[-1].split(":")[0] not in ("", "0", "root")
    (health,) = [rest for name, rest in last if name == "HEALTHCHECK"]
    assert '"alertd", "health"' in health
    after_user = last[[name for name, _ in last].index("USER") :]
    assert not [name for name, _ in after_user if name in ("RUN", "COPY", "ADD")]


def test_the_image_calls_make_targets_that_exist_and_copies_what_is_there() -> None:
    targets = [
        match for name, rest in instructions() if name == "RUN" for match in re.findall(r"\bmake ([a-z]+) ", rest)
    ]
    assert targets == ["install"]
    assert set(targets) <= make_targets()
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists()
                assert source in allowed


def test_compose_waits_for_a_redis_that_keeps_everything() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    command = " ".join(services["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert services["alertd"]["depends_on"]["redis"]["condition"] == "service_healthy"
    assert "redis-cli" in services["redis"]["healthcheck"]["test"]
    assert services["alertd"]["read_only"] is True
    assert services["alertd"]["cap_drop"] == ["ALL"]


def test_ci_is_a_sound_script_that_runs_everything() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert "set -euo pipefail" in text
    steps = re.findall(r"^step make ([a-z-]+)$", text, re.MULTILINE)
    assert steps == ["dev", "lint", "types", "audit", "wheel-check", "sdist-check", "test"]
    assert set(steps) <= make_targets()
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_the_source_distribution_holds_all_that_is_tracked() -> None:
    """With the source come its tests, documents and training: hatchling takes all that git does not ignore."""
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert set(targets) == {"wheel"}, "a choice of files for the source distribution would leave new ones out"
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {".venv", "dist/", "state/", "training/out/", ".env"} <= set(ignored), "what must never be published"


def test_what_the_index_shows_is_complete() -> None:
    assert PROJECT["readme"] == "README.md"
    assert PROJECT["description"]
    assert PROJECT["keywords"]
    classifiers = PROJECT["classifiers"]
    assert not [name for name in classifiers if name.startswith("License ::")], "the licence is an SPDX expression"
    assert {f"Programming Language :: Python :: {v}" for v in ("3.11", "3.12")} <= set(classifiers)
    for name in ("development status", "intended audience", "operating system", "topic", "typing"):
        assert any(classifier.lower().startswith(f"{name} ::") for classifier in classifiers), name


def test_a_second_make_has_nothing_to_do(tmp_path: Path) -> None:
    """The stamps that `make demo` and `make test` rely on, with an environment that is only pretended."""
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    for name in ("bin/python", ".runtime-installed", ".dev-installed"):
        (venv / name).touch()
    command = ["make", "--directory", str(ROOT), "--question", f"VENV={venv}"]
    assert subprocess.run([*command, "dev", "env"], check=False).returncode == 0
    (venv / ".dev-installed").unlink()
    assert subprocess.run([*command, "dev"], check=False).returncode == 1
