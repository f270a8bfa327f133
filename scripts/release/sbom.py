"""The bill of materials (CycloneDX): what the lock pins, by hash, with licences and who needs whom.

    python -m scripts.release.sbom FILE

The same lock gives the same bytes.
"""

import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

from scripts.release import licences, pins
from scripts.release.pins import Pin

_EXTRAS = ("", "channels", "oauth", "oidc")  # of the product, all in the lock


def bill() -> Bom:
    """Raises `KeyError` where this environment lacks what the lock pins."""
    wanted = pins.read(pins.PRODUCT)
    declared = licences.licences()
    parts = {pin.name: _component(pin, declared[pin.name]) for pin in wanted}
    product = _product()
    bom = Bom(components=parts.values())
    bom.metadata.component = product
    bom.metadata.tools.components.clear()
    bom.register_dependency(product, [parts[name] for name in _needs("reminder", parts)])
    for name, component in parts.items():
        bom.register_dependency(component, [parts[other] for other in _needs(name, parts)])
    return bom


def text() -> str:
    """Without the moment at which it was made, and named by what it holds."""
    bom = bill()
    bom.metadata.timestamp = None  # type: ignore[assignment]
    names = sorted(str(component.purl) for component in bom.components)
    bom.serial_number = uuid5(NAMESPACE_URL, "\n".join(names))
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _component(pin: Pin, licence: str) -> Component:
    made = LicenseFactory().make_from_string(licence)
    return Component(
        name=pin.name,
        version=pin.version,
        bom_ref=pin.name,
        purl=PackageURL("pypi", name=pin.name, version=pin.version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=value) for value in pin.hashes],
        licenses=[made],
    )


def _product() -> Component:
    project = tomllib.loads((pins.ROOT / "pyproject.toml").read_text())["project"]
    return Component(
        name=project["name"],
        version=project["version"],
        bom_ref=project["name"],
        type=ComponentType.APPLICATION,
        description=project["description"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
    )


def _needs(name: str, parts: dict[str, Component]) -> list[str]:
    """Of those that are pinned; what another system would need is not."""
    lines = map(Requirement, requires(name) or ())
    names = {pins.plain(line.name) for line in lines if _is_installed(line)}
    return sorted(names & parts.keys())


def _is_installed(line: Requirement) -> bool:
    return not line.marker or any(line.marker.evaluate({"extra": one}) for one in _EXTRAS)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text(), encoding="utf-8")
