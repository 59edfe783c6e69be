"""The HTTP API as the template describes it: routes, who may call them, how often, and CORS.

Read from the OpenAPI document that SAM's transform makes of the functions' events, which is what API Gateway gets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from local.emulator.template import StackTemplate
from local.errors import CannotStart

_FUNCTION_IN_URI = re.compile(r"\$\{(\w+)\.Arn\}")
_METHODS = ("get", "put", "post", "patch", "delete", "head", "options")
_ANY = "x-amazon-apigateway-any-method"


@dataclass(frozen=True)
class Authorizer:
    """A Lambda authorizer with simple answers; `ttl` seconds an answer holds for one set of identity values."""

    function: str
    identity: tuple[str, ...]
    ttl: int


@dataclass(frozen=True)
class Throttle:
    """Requests a second in the long run, and how many at once."""

    rate: float
    burst: float


@dataclass(frozen=True)
class Route:
    """One route: `key` is method and path as the template writes them; no authorizer means public."""

    key: str
    function: str
    authorizer: Authorizer | None
    throttle: Throttle | None


@dataclass(frozen=True)
class Cors:
    """What the API answers to preflight requests by itself."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    expose: tuple[str, ...]
    max_age: int | None
    credentials: bool


@dataclass
class RouteTable:
    """Finds the route of a request: a fixed path before one with variables, more fixed segments before fewer."""

    cors: Cors | None = None
    _fixed: dict[tuple[str, str], Route] = field(default_factory=dict)
    _variable: dict[tuple[str, int], list[tuple[tuple[str | None, ...], tuple[str, ...], Route]]] = field(
        default_factory=dict
    )

    def add(self, method: str, path: str, route: Route) -> None:
        segments = path.split("/")
        names = tuple(s[1:-1] for s in segments if s.startswith("{"))
        if not names:
            self._fixed[method, path] = route
            return
        pattern = tuple(None if s.startswith("{") else s for s in segments)
        known = self._variable.setdefault((method, len(segments)), [])
        known.append((pattern, names, route))
        known.sort(key=lambda entry: [segment is None for segment in entry[0]])

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its path parameters; None when there is none. The path is decoded, its query taken off."""
        fixed = self._fixed.get((method, path)) or self._fixed.get(("ANY", path))
        if fixed:
            return fixed, {}
        segments = path.split("/")
        for key in ((method, len(segments)), ("ANY", len(segments))):
            for pattern, names, route in self._variable.get(key, ()):
                if all(p == s if p is not None else s for p, s in zip(pattern, segments, strict=True)):
                    values = [s for p, s in zip(pattern, segments, strict=True) if p is None]
                    return route, dict(zip(names, values, strict=True))
        return None

    @property
    def routes(self) -> list[Route]:
        return [*self._fixed.values(), *(route for known in self._variable.values() for _, _, route in known)]


def from_template(template: StackTemplate) -> RouteTable:
    """The routes of the template's HTTP API. Raises CannotStart when it is not the one API this host can be."""
    apis = template.of_type("AWS::ApiGatewayV2::Api")
    if len(apis) != 1:
        raise CannotStart(f"template.yaml has {len(apis)} HTTP APIs; the function host serves exactly one")
    (api,) = apis.values()
    document = api["Body"]
    stages = list(template.of_type("AWS::ApiGatewayV2::Stage").values())
    authorizers = _authorizers(document)
    table = RouteTable(cors=_cors(document))
    for path, operations in document["paths"].items():
        for name, operation in operations.items():
            if name in _METHODS or name == _ANY:
                method = "ANY" if name == _ANY else name.upper()
                key = f"{method} {path}"
                table.add(
                    method,
                    path,
                    Route(key, _function(operation, key), _authorizer(operation, authorizers), _throttle(stages, key)),
                )
    return table


def _function(operation: dict[str, Any], key: str) -> str:
    found = _FUNCTION_IN_URI.search(str(operation["x-amazon-apigateway-integration"]["uri"]))
    if not found:
        raise CannotStart(f"the route {key} leads to no function of the template")
    return found.group(1)


def _authorizers(document: dict[str, Any]) -> dict[str, Authorizer]:
    schemes = document.get("components", {}).get("securitySchemes", {})
    return {name: _lambda_authorizer(name, scheme) for name, scheme in schemes.items()}


def _lambda_authorizer(name: str, scheme: dict[str, Any]) -> Authorizer:
    settings = scheme.get("x-amazon-apigateway-authorizer", {})
    if settings.get("type") != "request" or not settings.get("enableSimpleResponses"):
        raise CannotStart(f"the authorizer {name} is not a Lambda authorizer with simple responses")
    _, names = settings["authorizerUri"]["Fn::Sub"]
    return Authorizer(
        function=names["__FunctionArn__"]["Fn::GetAtt"][0],
        identity=tuple(settings.get("identitySource", ())),
        ttl=int(settings.get("authorizerResultTtlInSeconds", 300)),
    )


def _authorizer(operation: dict[str, Any], authorizers: dict[str, Authorizer]) -> Authorizer | None:
    for requirement in operation.get("security", ()):
        for name in requirement:
            if name in authorizers:
                return authorizers[name]
    return None


def _throttle(stages: list[dict[str, Any]], key: str) -> Throttle | None:
    for stage in stages:
        settings = {**stage.get("DefaultRouteSettings", {}), **stage.get("RouteSettings", {}).get(key, {})}
        if "ThrottlingRateLimit" in settings:
            rate = float(settings["ThrottlingRateLimit"])
            return Throttle(rate, float(settings.get("ThrottlingBurstLimit", rate)))
    return None


def _cors(document: dict[str, Any]) -> Cors | None:
    settings = document.get("x-amazon-apigateway-cors")
    if not settings:
        return None
    return Cors(
        origins=tuple(settings.get("allowOrigins", ())),
        methods=tuple(settings.get("allowMethods", ())),
        headers=tuple(h.lower() for h in settings.get("allowHeaders", ())),
        expose=tuple(settings.get("exposeHeaders", ())),
        max_age=settings.get("maxAge"),
        credentials=bool(settings.get("allowCredentials")),
    )
