"""An OpenAI-compatible endpoint: chat completions with usage, errors and answers that fit a schema.

Answers follow from the question alone: a value that fits `response_format`, else the last message said again. A token
is four characters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from local.sandbox.behaviours import Behaviour
from local.sandbox.mailbox import Addressee, Kept, Letter
from local.sandbox.providers.quiet import Quiet, headers_of, parsed, retry_after
from local.sandbox.wire import Headers, Request, Response, json_response

_COMPLETIONS = "/v1/chat/completions"
_MODELS = "/v1/models"
_MODEL = "sandbox-1"
_CHARACTERS_OF_A_TOKEN = 4
_ROLES = ("developer", "system", "user", "assistant", "tool")
_DEFAULT_TOKENS = 4096
_SAID = 500


class OpenAi(Quiet):
    """Keeps each question it has answered, with the answer."""

    name = "openai"

    def answer(self, request: Request) -> Response:
        method = {_COMPLETIONS: "POST", _MODELS: "GET"}.get(request.path)
        if method is None:
            return _error(404, f"Invalid URL ({request.method} {request.path})")
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return _error(401, "You didn't provide an API key.", code="invalid_api_key")
        if request.method != method:
            return _error(405, f"Not allowed to {request.method} on {request.path}")
        if method == "GET":
            return json_response(200, {"object": "list", "data": [{"id": _MODEL, "object": "model", "created": 0}]})
        asked = parsed(request.body)
        wrong = _fault(asked)
        if wrong:
            return _error(400, wrong[1], param=wrong[0])
        return json_response(200, self._completion(request, asked))

    def _completion(self, request: Request, asked: Mapping[str, Any]) -> dict[str, Any]:
        text = _answer(asked)
        limit = int(asked.get("max_completion_tokens") or asked.get("max_tokens") or _DEFAULT_TOKENS)
        cut = text[: limit * _CHARACTERS_OF_A_TOKEN]
        given = sum(_tokens(_text(message)) + 4 for message in asked["messages"])
        usage = {"prompt_tokens": given, "completion_tokens": _tokens(cut), "total_tokens": given + _tokens(cut)}
        completion_id, now = f"chatcmpl-{self._world.token()}", self._world.clock()
        own = {"request": dict(asked), "headers": headers_of(request), "answer": cut, "usage": usage}
        letters = [Letter(own, [Addressee(completion_id, str(asked["model"]))])]
        self._world.mailbox.keep(self.name, completion_id, now, {}, letters)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": cut, "refusal": None},
            "logprobs": None,
            "finish_reason": "stop" if cut == text else "length",
        }
        return {
            "id": completion_id,
            "object": "chat.completion",
            "created": int(now),
            "model": asked["model"],
            "choices": [choice],
            "usage": usage,
        }

    def refusal(self, behaviour: Behaviour, request: Request) -> Response:  # noqa: ARG002
        match behaviour.mode:
            case "bad_token":
                return _error(401, "Incorrect API key provided.", code="invalid_api_key")
            case "rate_limit":
                limits = retry_after(behaviour.retry_after, 1)
                return _error(429, "Rate limit reached.", kind="requests", code="rate_limit_exceeded", headers=limits)
            case "server_error":
                return _error(500, "The server had an error while processing your request.", kind="server_error")
            case _:
                return _error(400, "This model's maximum context length is exceeded.", code="context_length_exceeded")

    def texts(self, request: Request) -> Iterator[str]:
        asked = parsed(request.body)
        if _fault(asked) is None:
            yield str(asked["model"])
            yield from (_text(message) for message in asked["messages"])

    def show(self, kept: Kept) -> dict[str, Any]:
        own = kept.own
        return {
            "id": kept.id,
            "provider": kept.provider,
            "to": kept.recipient,
            "from": own["headers"].get("user-agent", ""),
            "subject": _text(own["request"]["messages"][-1])[:80],
            "body": own["answer"],
            "html": None,
            "headers": own["headers"],
            "at": kept.at,
            "request_id": kept.request_id,
            "raw": own,
        }


def _fault(asked: Any) -> tuple[str, str] | None:
    """The parameter at fault and what is wrong with it; None for a request that can be answered."""
    if not isinstance(asked, dict):
        return "", "We could not parse the JSON body of your request."
    if not isinstance(asked.get("model"), str) or not asked["model"]:
        return "model", "you must provide a model parameter"
    messages = asked.get("messages")
    if not isinstance(messages, list) or not messages:
        return "messages", "Invalid 'messages': an array with at least one message is expected."
    for number, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            return f"messages[{number}].role", f"Invalid value. Supported values are: {', '.join(_ROLES)}."
        if not isinstance(message.get("content"), str | list):
            return f"messages[{number}].content", "Invalid type: expected a string or an array of parts."
    for name in ("max_tokens", "max_completion_tokens"):
        limit = asked.get(name)
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
            return name, f"Invalid '{name}': integer below minimum value. Expected a value >= 1."
    return None


def _error(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
    headers: Headers = (),
) -> Response:
    error = {"message": message, "type": kind, "param": param or None, "code": code}
    return json_response(status, {"error": error}, headers)


def _text(message: Mapping[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_OF_A_TOKEN)


def _answer(asked: Mapping[str, Any]) -> str:
    wanted = asked.get("response_format")
    wanted = wanted if isinstance(wanted, dict) else {}
    if wanted.get("type") == "json_schema":
        schema = (wanted.get("json_schema") or {}).get("schema") or {}
        return json.dumps(fitting(schema, schema), ensure_ascii=False)
    if wanted.get("type") == "json_object":
        return "{}"
    return f"You said: {_text(asked['messages'][-1])[:_SAID]}"


def fitting(schema: Any, root: Mapping[str, Any], depth: int = 0) -> Any:
    """A small value that fits a JSON schema, as far as types, enumerations and bounds go."""
    if not isinstance(schema, dict) or depth > 20:
        return None
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    if schema.get("enum"):
        return schema["enum"][0]
    if "$ref" in schema:
        return fitting(_referred(str(schema["$ref"]), root), root, depth + 1)
    for keyword in ("anyOf", "oneOf", "allOf"):
        if schema.get(keyword):
            return fitting(schema[keyword][0], root, depth + 1)
    return _of_type(schema, root, depth)


def _referred(reference: str, root: Mapping[str, Any]) -> Any:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _of_type(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type") or ("object" if "properties" in schema else "string")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            named = schema.get("properties") or {}
            wanted = dict.fromkeys([*(schema.get("required") or []), *named])
            return {name: fitting(named.get(name) or {}, root, depth + 1) for name in wanted}
        case "array":
            return [fitting(schema.get("items") or {}, root, depth + 1) for _ in range(schema.get("minItems", 0))]
        case "integer" | "number":
            return max(schema.get("minimum", 0), schema.get("exclusiveMinimum", -1) + 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return "text".ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength", 100)]
