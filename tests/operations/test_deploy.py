"""What is shipped: the wheel works outside the checkout; everything the deployment files name exists."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from complaints.__main__ import cli
from complaints.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"
VARIABLE = re.compile(PREFIX + r"[A-Z0-9_]+")
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields}


def run(*command: str | Path, **more: Any) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def instructions() -> Iterator[tuple[str, str]]:
    """(instruction, its arguments) of the Dockerfile, continued lines joined."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    for line in filter(lambda each: each and each[0] != "#", text.splitlines()):
        name, _, arguments = line.partition(" ")
        yield name, arguments.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from just what the Dockerfile copies."""
    folder = tmp_path_factory.mktemp("build")
    for name, arguments in instructions():
        if name == "COPY" and not arguments.startswith("--from"):
            *sources, target = shlex.split(arguments)
            for source in map(ROOT.joinpath, sources):
                into = folder / target
                if source.is_dir():
                    shutil.copytree(source, into, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(source, folder / source.name)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index",
        "--wheel-dir", folder / "dist", folder)
    (made,) = (folder / "dist").glob("ohmbudsman-*.whl")
    return made


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_wheel_tells_the_demo_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """In a virtual environment of its own: only the wheel is installed there, its dependencies are borrowed."""
    run(sys.executable, "-m", "venv", tmp_path / "venv", "--without-pip")
    python = tmp_path / "venv" / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel)
    borrowed = Path(sysconfig.get_path("purelib"))
    (site / "borrowed.pth").write_text(f"{borrowed}\n")  # a .pth inside `borrowed` (our checkout's) is not followed
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    where = run(python, "-c", "import csms, complaints, charger_emulator as c; print(csms.__file__, c.__file__)",
                cwd=tmp_path, env=env)
    assert str(ROOT) not in where
    assert where.count(str(site)) == 2
    said = run(tmp_path / "venv" / "bin" / "ohmbudsman", "demo", "--exit", cwd=tmp_path, env=env)
    assert said.strip()


def test_the_wheel_holds_what_it_needs_and_no_more(wheel: Path) -> None:
    names = run(sys.executable, "-m", "zipfile", "-l", wheel)
    migrations = sorted((ROOT / "migrations").glob("*.sql"))
    assert all(f"csms/migrations/{path.name}" in names for path in migrations)
    for needed in ("complaints/web/templates/base.html", "complaints/web/locale/zh-Hans.po", "charger_emulator/cli.py",
                   "complaints/intake/data/topics.npz", "complaints/web/static/desk.js"):
        assert needed in names
    assert not re.search(r"^(tests|tools|docs)/", names, re.MULTILINE)


def test_what_the_dockerfile_copies_exists_and_passes_the_ignore_file() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split("\n")
    kept = [line[1:] for line in ignored if line.startswith("!")]
    for name, arguments in instructions():
        if name == "COPY" and not arguments.startswith("--from"):
            for source in shlex.split(arguments)[:-1]:
                assert (ROOT / source).exists(), source
                assert any(fnmatch(source, pattern) for pattern in kept), source


def test_the_container_is_nobody_special_and_starts_a_command_there_is() -> None:
    found = dict(instructions())
    assert found["USER"] == "10001:10001"
    assert yaml.safe_load(found["ENTRYPOINT"]) == ["ohmbudsman"]
    assert yaml.safe_load(found["CMD"])[0] in cli.commands
    named = set(VARIABLE.findall((DEPLOY / "Dockerfile").read_text()))
    assert named <= SETTINGS
    stages = [arguments for name, arguments in instructions() if name == "FROM"]
    assert len(stages) == 2
    assert all("slim" in stage for stage in stages)


def test_compose_runs_commands_there_are_with_settings_there_are() -> None:
    made = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = made["services"]
    assert services.keys() >= {"database", "nats", "desk", "gateway-1", "gateway-2", "prometheus"}
    given = set((DEPLOY / "example.env").read_text().split())
    for name in ("desk", "gateway-1", "gateway-2"):
        service = services[name]
        assert service["command"][0] in cli.commands
        assert service["environment"].keys() <= SETTINGS
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["depends_on"].keys() <= services.keys()
    for wanted in re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()):
        assert any(line.startswith(wanted + "=") for line in given), wanted
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in made["volumes"], volume
    targets = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())["scrape_configs"][0]["static_configs"][0]
    assert {target.partition(":")[0] for target in targets["targets"]} <= services.keys()


def test_the_manifests_fit_together() -> None:
    made = [each for each in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()) if each]
    assert all({"apiVersion", "kind", "metadata"} <= each.keys() for each in made)
    named = {(each["kind"], each["metadata"]["name"]): each for each in made}
    for kind in ("Secret", "ConfigMap"):
        body = named[kind, "ohmbudsman"]
        assert (body.get("data") or body["stringData"]).keys() <= SETTINGS
    for part in ("gateway", "desk"):
        spec = named["StatefulSet", part]["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items()
        assert named["Service", part]["spec"]["selector"].items() <= labels.items()
        pod = spec["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert container["args"][0] in cli.commands
        ports = {port["name"] for port in container["ports"]}
        assert {container[p]["httpGet"]["port"] for p in ("startupProbe", "livenessProbe", "readinessProbe")} <= ports
        assert {port["targetPort"] for port in named["Service", part]["spec"]["ports"]} <= ports
        volumes = {v["name"] for v in (*pod["volumes"], *({"name": c["metadata"]["name"]}
                                                          for c in spec.get("volumeClaimTemplates", ())))}
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes


@pytest.mark.parametrize("unit", sorted(path.name for path in (DEPLOY / "systemd").glob("*.service")))
def test_units_start_commands_there_are(unit: str) -> None:
    text = (DEPLOY / "systemd" / unit).read_text()
    started = re.findall(r"^ExecStart(?:Pre)?=/opt/ohmbudsman/bin/ohmbudsman (\w+)$", text, re.MULTILINE)
    assert started[0] == "check"
    assert isinstance(cli.commands[started[1]], click.Command)
    assert set(VARIABLE.findall(text)) <= SETTINGS
    assert "User=ohmbudsman" in text
    assert "NoNewPrivileges=yes" in text
