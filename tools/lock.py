"""Write requirements*.lock: what is installed in this environment, as far as the project asks for it.

Run after installing what pyproject.toml asks for; then `make setup` installs exactly these versions.
"""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
BUILD = ("hatchling", "editables")


def closure(asked: list[str]) -> dict[str, str]:
    """Every distribution that these requirements need here, with its version."""
    found: dict[str, str] = {}
    waiting = [Requirement(text) for text in asked]
    while waiting:
        requirement = waiting.pop()
        extras = requirement.extras or {""}
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        distribution = metadata.distribution(requirement.name)
        name = distribution.metadata["Name"].lower().replace("_", "-")
        if name in found:
            continue
        found[name] = distribution.version
        for text in distribution.requires or []:
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                needed.marker = None
                waiting.append(needed)
    return found


def write(name: str, versions: dict[str, str]) -> None:
    text = "".join(f"{package}=={version}\n" for package, version in sorted(versions.items()))
    (ROOT / name).write_text(text)


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    runtime = closure(project["dependencies"])
    dev = closure([*project["optional-dependencies"]["dev"], *BUILD])
    write("requirements.lock", runtime)
    write("requirements-dev.lock", {name: version for name, version in dev.items() if name not in runtime})


if __name__ == "__main__":
    main()
