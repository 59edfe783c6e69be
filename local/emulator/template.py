"""template.yaml as this mode deploys it: SAM's own transform, then what one machine does otherwise.

Code stays where it is (the host imports it), the table's stream is read by the host and not by the emulator, and
buckets get a fixed name, so that objects are found again. Everything else is deployed as it stands.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from local.errors import CannotStart

_FORMAT = 1
_NO_CODE = "s3://code/stays-where-it-is"
_CODE_PROPERTIES = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}


@dataclass(frozen=True)
class StackTemplate:
    """`body` is plain CloudFormation, `code` says by logical id where each function's handler is (module, name), and
    `stream_sources` are the event sources that read a table's stream, by logical id."""

    body: dict[str, Any]
    code: dict[str, tuple[str, str]]
    stream_sources: dict[str, dict[str, Any]]

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.body["Resources"]
        return found

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of every resource of a type, by logical id."""
        return {name: r.get("Properties", {}) for name, r in self.resources.items() if r["Type"] == kind}


def load(root: Path, stack: str, cache: Path | None = None) -> StackTemplate:
    """Reads and transforms `template.yaml` under a directory.

    The transform takes seconds, so its outcome is kept under `cache` for the same input. Raises CannotStart when the
    template is missing or wrong.
    """
    path = root / "template.yaml"
    try:
        source = path.read_bytes()
    except OSError as error:
        raise CannotStart(f"{path} cannot be read ({error.strerror})") from error
    raw = _parse(source)
    _inline_definitions(raw, root)
    body = _transformed(raw, cache)
    streams = _take_stream_sources(body)
    _name_buckets(body, stack)
    return StackTemplate(body, _handlers(raw), streams)


def _parse(source: bytes) -> dict[str, Any]:
    import yaml

    from local.emulator.intrinsics import Loader

    try:
        raw: dict[str, Any] = yaml.load(source, Loader)  # noqa: S506 - a SafeLoader with CloudFormation's tags
    except yaml.YAMLError as error:
        raise CannotStart(f"template.yaml is not valid YAML: {error}") from error
    return raw


def _inline_definitions(raw: dict[str, Any], root: Path) -> None:
    for resource in raw["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::StateMachine" and "DefinitionUri" in properties:
            properties["Definition"] = _parse((root / properties.pop("DefinitionUri")).read_bytes())


def _handlers(raw: dict[str, Any]) -> dict[str, tuple[str, str]]:
    shared = raw.get("Globals", {}).get("Function", {})
    found = {}
    for name, resource in raw["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            properties = {**shared, **resource["Properties"]}
            module, _, function = properties["Handler"].rpartition(".")
            found[name] = (".".join([*PurePosixPath(properties["CodeUri"]).parts, module]), function)
    return found


def _transformed(raw: dict[str, Any], cache: Path | None) -> dict[str, Any]:
    if cache is None:
        return _transform(raw)
    key = hashlib.sha256(json.dumps([_FORMAT, raw], sort_keys=True).encode()).hexdigest()
    kept = cache / f"template-{key[:16]}.json"
    with contextlib.suppress(OSError):
        body: dict[str, Any] = json.loads(kept.read_bytes())
        return body
    body = _transform(json.loads(json.dumps(raw)))
    with contextlib.suppress(OSError):
        # Where the code may not be written to, the next start takes as long as this one.
        _keep(kept, json.dumps(body))
    return body


def _keep(path: Path, text: str) -> None:
    """Writes a file in the place of those of other inputs; several hosts may do so at once."""
    path.parent.mkdir(exist_ok=True)
    for old in path.parent.glob("template-*.json"):
        old.unlink(missing_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).replace(path)


def _transform(raw: dict[str, Any]) -> dict[str, Any]:
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform

    for resource in raw["Resources"].values():
        if resource["Type"] in _CODE_PROPERTIES:
            resource["Properties"][_CODE_PROPERTIES[resource["Type"]]] = _NO_CODE
    try:
        body: dict[str, Any] = transform(raw, {}, _NoManagedPolicies())
    except InvalidDocumentException as error:
        raise CannotStart(f"template.yaml is not a valid SAM template: {error.message}") from error
    for resource in body["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = {"ZipFile": "# the function host has the code"}
        elif resource["Type"] == "AWS::Lambda::LayerVersion":
            resource["Properties"]["Content"] = {}
    return body


class _NoManagedPolicies:
    """Names of AWS managed policies would come from an account; ARNs in the template need none."""

    def load(self) -> dict[str, str]:
        return {}


def _take_stream_sources(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The emulator's reader keeps its position in memory and passes over records that a function reports as failed."""
    found = {}
    for name, resource in list(body["Resources"].items()):
        if resource["Type"] == "AWS::Lambda::EventSourceMapping" and "StreamArn" in json.dumps(
            resource["Properties"]["EventSourceArn"]
        ):
            found[name] = body["Resources"].pop(name)["Properties"]
    return found


def _name_buckets(body: dict[str, Any], stack: str) -> None:
    for name, resource in body["Resources"].items():
        if resource["Type"] == "AWS::S3::Bucket":
            resource.setdefault("Properties", {}).setdefault("BucketName", f"{stack}-{name}".lower())
