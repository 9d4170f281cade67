"""compose.scale.yaml and docs/kubernetes.yaml run every stage, by commands that there are, with probes that answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertd.commands.serve import chosen
from alertd.configured import read
from alertd.daemon import STAGES
from alertd.tagging.gazetteer import Gazetteer
from alertd.web.access import OPEN
from alertd.web.server import WebServer

ROOT = Path(__file__).parent.parent
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.scale.yaml").read_text(encoding="utf-8"))
CLUSTER: list[Mapping[str, Any]] = list(yaml.safe_load_all((ROOT / "docs" / "kubernetes.yaml").read_text("utf-8")))
DEPLOYMENTS = [part for part in CLUSTER if part["kind"] == "Deployment"]
SERVICES = {name: service for name, service in COMPOSE["services"].items() if name != "redis"}


def stages_of(command: list[str]) -> tuple[str, ...]:
    assert command[:3] == ["run", "--config", "config"]
    assert command[3] == "--stages"
    return chosen(command[4], STAGES)


def commands() -> Iterator[tuple[str, list[list[str]]]]:
    yield "compose", [service["command"] for service in SERVICES.values()]
    pods = [part["spec"]["template"]["spec"] for part in DEPLOYMENTS]
    yield "kubernetes", [container["args"] for pod in pods for container in pod["containers"]]


@pytest.mark.parametrize(("where", "found"), list(commands()))
def test_every_stage_runs_once(where: str, found: list[list[str]]) -> None:
    run = [stage for command in found for stage in stages_of(command)]
    assert sorted(run) == sorted(STAGES), where


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda part: part["metadata"]["name"])
def test_a_deployment_selects_its_own_pods_and_its_probes_answer(deployment: Mapping[str, Any]) -> None:
    spec = deployment["spec"]
    pod = spec["template"]["spec"]
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()
    assert spec["replicas"] >= 2
    assert pod["terminationGracePeriodSeconds"] > 10, "the daemon drains for ten seconds"
    (container,) = pod["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert ports == {"web": 8321}
    served = {resource.canonical for resource in WebServer("127.0.0.1", 0, _never).application().router.resources()}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container[probe]["httpGet"]
        assert asked["path"] in served
        assert asked["port"] in ports
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz", "a Redis that is away must kill no pod"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["readinessProbe"]["timeoutSeconds"] > 1, "/readyz takes up to a second"
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}
    assert mounts["config"]["mountPath"] == "/srv/alertd/config"
    assert container["securityContext"]["readOnlyRootFilesystem"]


async def _never() -> Any:
    raise AssertionError("not asked here")


def test_the_configuration_of_the_cluster_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {part["kind"]: part for part in CLUSTER}
    for name, value in kinds["Secret"]["stringData"].items():
        monkeypatch.setenv(name, value or "made-up-and-long-enough")
    for name, text in kinds["ConfigMap"]["data"].items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    settings = read(tmp_path, Gazetteer.open()).settings
    assert settings.web.host == "0.0.0.0"  # the kubelet asks from outside the container
    assert settings.redis.url is not None
    assert settings.web.token is not None


def test_probes_need_no_token() -> None:
    assert {"/healthz", "/readyz"} <= set(OPEN)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_as_strict_as_in_the_small_compose_file(name: str) -> None:
    small = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["alertd"]
    for key in ("read_only", "cap_drop", "security_opt", "stop_grace_period", "restart", "environment"):
        assert SERVICES[name][key] == small[key], key
    assert not SERVICES[name].get("ports"), "its pages have no password"


def test_the_same_redis_serves_both_compose_files() -> None:
    small = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert COMPOSE["services"]["redis"] == small["services"]["redis"]


def test_figures_of_scale_name_benchmarks_that_there_are() -> None:
    from benchmarks import BENCHMARKS

    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert set(re.findall(r"python -m benchmarks ([\w-]+)", text)) <= BENCHMARKS.keys()
