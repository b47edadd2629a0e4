"""The four forms in which requests and answers travel: chat, responses, messages (Anthropic), gemini."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Messages = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived.

    `choices` are the allowed answers that it enforces (None: none), `messages` role and text of each
    message with the system prompt first, `images` the bytes of every picture.
    """

    shape: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    choices: tuple[str, ...] | None
    messages: Messages
    images: tuple[bytes, ...]
    stream: bool

    @property
    def held(self) -> str | None:
        """How an enforced answer is wrapped: ``json``, ``tool``, or not at all."""
        if self.body.get("tool_choice"):
            return "tool"
        config = self.body.get("output_config") or {}
        text = self.body.get("text") or {}
        wrapped = self.body.get("response_format") or config.get("format") or text.get("format")
        return "json" if wrapped else None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in no particular form; token counts as `harness.api.Usage` has them."""

    text: str
    finish: Literal["stop", "length", "refusal"]
    input: int
    cached: int
    output: int
    reasoning: int
    held: str | None = None

    @property
    def wrapped(self) -> str:
        """The text as structured outputs give it."""
        return json.dumps({"action": self.text}) if self.held == "json" else self.text


@dataclass(frozen=True, slots=True)
class Shape:
    """How one API reads and writes."""

    name: str
    read: Callable[[dict[str, Any]], tuple[tuple[str, ...] | None, Messages, tuple[bytes, ...]]]
    answer: Callable[[Reply], dict[str, Any]]
    events: Callable[[Reply], list[bytes]]
    error: Callable[[int, str], dict[str, Any]]


def shape_of(path: str) -> Shape | None:
    """The form that a path speaks."""
    for pattern, name in _PATHS:
        if re.search(pattern, path):
            return SHAPES[name]
    return None


_PATHS = (
    (r"/chat/completions$", "chat"),
    (r"/responses$", "responses"),
    (r"/v1/messages(\?|$)", "messages"),
    (r"/models/[^/]+:(stream)?[gG]enerateContent", "gemini"),
)


def _sse(data: Any, event: str | None = None) -> bytes:
    text = data if isinstance(data, str) else json.dumps(data)
    return ((f"event: {event}\n" if event else "") + f"data: {text}\n\n").encode()


def _openai_error(status: int, words: str) -> dict[str, Any]:
    return {"error": {"message": words, "type": "error", "code": None}}


def _data_url(url: str) -> bytes:
    return base64.b64decode(url.partition(",")[2])


def _enum(schema: Any) -> tuple[str, ...] | None:
    """The allowed answers in a JSON schema of ours."""
    named = ((schema or {}).get("properties") or {}).get("action") or {}
    return tuple(named["enum"]) if "enum" in named else None


# ------------------------------------------------------------------------------------------- chat


def _read_chat(body: dict[str, Any]) -> tuple[tuple[str, ...] | None, Messages, tuple[bytes, ...]]:
    schema = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")
    for tool in body.get("tools") or ():
        schema = tool["function"]["parameters"]
    choices = _enum(schema)
    if "structured_outputs" in body:
        choices = tuple(body["structured_outputs"]["choice"])
    if "grammar" in body:
        choices = tuple(
            json.loads(f'"{found}"') for found in re.findall(r'"((?:[^"\\]|\\.)*)"', body["grammar"])
        )
    parts = [(message["role"], part) for message in body["messages"] for part in _chat_parts(message)]
    images = tuple(_data_url(part["image_url"]["url"]) for _, part in parts if part["type"] == "image_url")
    texts = ((m["role"], "".join(p.get("text", "") for p in _chat_parts(m))) for m in body["messages"])
    return choices, tuple(texts), images


def _chat_parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _chat_usage(reply: Reply) -> dict[str, Any]:
    return {
        "prompt_tokens": reply.input,
        "completion_tokens": reply.output,
        "total_tokens": reply.input + reply.output,
        "prompt_tokens_details": {"cached_tokens": reply.cached},
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning},
    }


def _chat_message(reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.wrapped}
    if reply.finish == "refusal":
        message |= {"content": None, "refusal": reply.text}
    elif reply.held == "tool":
        call = {"name": "act", "arguments": json.dumps({"action": reply.text})}
        message |= {
            "content": None,
            "tool_calls": [{"index": 0, "id": "t", "type": "function", "function": call}],
        }
    return message


_CHAT_FINISH = {"stop": "stop", "length": "length", "refusal": "stop"}


def _chat_answer(reply: Reply) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": _CHAT_FINISH[reply.finish], "message": _chat_message(reply)}
    head = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
    return {**head, "choices": [choice], "usage": _chat_usage(reply)}


def _chat_events(reply: Reply) -> list[bytes]:
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    message = _chat_message(reply)
    words = [message] if message["content"] is None else _words(message["content"], "content")

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    chunks = [chunk({"role": "assistant"}), *map(chunk, words), chunk({}, _CHAT_FINISH[reply.finish])]
    return [*map(_sse, chunks), _sse({**head, "choices": [], "usage": _chat_usage(reply)}), _sse("[DONE]")]


def _words(text: str, field: str) -> list[dict[str, Any]]:
    return [{field: piece} for piece in re.findall(r"\s*\S+\s*", text)]


# -------------------------------------------------------------------------------------- responses


def _read_responses(body: dict[str, Any]) -> tuple[tuple[str, ...] | None, Messages, tuple[bytes, ...]]:
    choices = _enum(((body.get("text") or {}).get("format") or {}).get("schema"))
    texts = tuple((m["role"], "".join(p.get("text", "") for p in m["content"])) for m in body["input"])
    parts = [part for message in body["input"] for part in message["content"]]
    return choices, texts, tuple(_data_url(p["image_url"]) for p in parts if p["type"] == "input_image")


def _response_answer(reply: Reply) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "output_text", "text": reply.wrapped, "annotations": []}
    if reply.finish == "refusal":
        part = {"type": "refusal", "refusal": reply.text}
    cut = reply.finish == "length"
    return {
        "id": "r", "object": "response", "created_at": 1, "model": "m",
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "parallel_tool_calls": False, "tool_choice": "none", "tools": [],
        "output": [
            {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}
        ],
        "usage": {
            "input_tokens": reply.input,
            "output_tokens": reply.output,
            "total_tokens": reply.input + reply.output,
            "input_tokens_details": {"cached_tokens": reply.cached},
            "output_tokens_details": {"reasoning_tokens": reply.reasoning},
        },
    }  # fmt: skip


def _response_events(reply: Reply) -> list[bytes]:
    place = {"item_id": "m", "output_index": 0, "content_index": 0}
    whole = _response_answer(reply)
    kind = "response.incomplete" if reply.finish == "length" else "response.completed"
    events = [
        {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}},
        *({"type": "response.output_text.delta", **place, **word} for word in _words(reply.wrapped, "delta")),
        {"type": kind, "response": whole},
    ]
    return [_sse({**event, "sequence_number": n}, event["type"]) for n, event in enumerate(events)]


# --------------------------------------------------------------------------------------- messages


def _read_messages(body: dict[str, Any]) -> tuple[tuple[str, ...] | None, Messages, tuple[bytes, ...]]:
    choices = _enum(((body.get("output_config") or {}).get("format") or {}).get("schema"))
    for tool in body.get("tools") or ():
        choices = _enum(tool["input_schema"])
    system = "".join(block["text"] for block in body.get("system") or ())
    texts = ((m["role"], "".join(b.get("text", "") for b in m["content"])) for m in body["messages"])
    blocks = [block for message in body["messages"] for block in message["content"]]
    images = tuple(base64.b64decode(b["source"]["data"]) for b in blocks if b["type"] == "image")
    return choices, ((("system", system),) if system else ()) + tuple(texts), images


def _messages_content(reply: Reply) -> list[dict[str, Any]]:
    if reply.held == "tool":
        return [{"type": "tool_use", "id": "t", "name": "act", "input": {"action": reply.text}}]
    return [{"type": "text", "text": reply.wrapped}] if reply.text else []


def _messages_usage(reply: Reply) -> dict[str, Any]:
    return {
        "input_tokens": reply.input - reply.cached,
        "cache_read_input_tokens": reply.cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": reply.output,
        "output_tokens_details": {"thinking_tokens": reply.reasoning},
    }


def _messages_finish(reply: Reply) -> str:
    return "tool_use" if reply.held == "tool" else _MESSAGES_FINISH[reply.finish]


_MESSAGES_FINISH = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal"}


def _messages_answer(reply: Reply) -> dict[str, Any]:
    head = {"id": "a", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
    body = {"content": _messages_content(reply), "stop_reason": _messages_finish(reply)}
    return {**head, **body, "usage": _messages_usage(reply)}


def _messages_events(reply: Reply) -> list[bytes]:
    head = {**_messages_answer(reply), "content": [], "stop_reason": None}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": head}]
    for index, block in enumerate(_messages_content(reply)):
        is_text = block["type"] == "text"
        nothing: dict[str, Any] = {"text": ""} if is_text else {"input": {}}
        empty = {**block, **nothing}
        deltas = (
            [{"type": "text_delta", **word} for word in _words(block["text"], "text")]
            if is_text
            else [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
        )
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        events += ({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
        events.append({"type": "content_block_stop", "index": index})
    end = {"stop_reason": _messages_finish(reply), "stop_sequence": None}
    events.append({"type": "message_delta", "delta": end, "usage": _messages_usage(reply)})
    return [_sse(event, event["type"]) for event in [*events, {"type": "message_stop"}]]


def _messages_error(status: int, words: str) -> dict[str, Any]:
    kinds = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "overloaded_error" if status == 529 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": words}}


# ----------------------------------------------------------------------------------------- gemini


def _read_gemini(body: dict[str, Any]) -> tuple[tuple[str, ...] | None, Messages, tuple[bytes, ...]]:
    schema = (body.get("generationConfig") or {}).get("responseSchema") or {}
    system = (body.get("systemInstruction") or {}).get("parts") or ()
    roles = {"user": "user", "model": "assistant"}
    messages = [("system", system)] if system else []
    messages += [(roles[content["role"]], content["parts"]) for content in body["contents"]]
    texts = tuple((role, "".join(part.get("text", "") for part in parts)) for role, parts in messages)
    blobs = (part["inlineData"]["data"] for _, parts in messages for part in parts if "inlineData" in part)
    # The SDK writes base64 for URLs.
    images = tuple(base64.b64decode(data.replace("-", "+").replace("_", "/")) for data in blobs)
    return tuple(schema["enum"]) if "enum" in schema else None, texts, images


_GEMINI_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "refusal": "SAFETY"}


def _gemini_piece(reply: Reply, text: str | None, *, last: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0}
    if text:
        candidate["content"] = {"role": "model", "parts": [{"text": text}]}
    piece: dict[str, Any] = {"candidates": [candidate], "modelVersion": "m", "responseId": "g"}
    if last:
        candidate["finishReason"] = _GEMINI_FINISH[reply.finish]
        piece["usageMetadata"] = {
            "promptTokenCount": reply.input,
            "cachedContentTokenCount": reply.cached,
            "candidatesTokenCount": reply.output - reply.reasoning,
            "thoughtsTokenCount": reply.reasoning,
            "totalTokenCount": reply.input + reply.output,
        }
    return piece


def _gemini_answer(reply: Reply) -> dict[str, Any]:
    return _gemini_piece(reply, None if reply.finish == "refusal" else reply.text, last=True)


def _gemini_events(reply: Reply) -> list[bytes]:
    def pieces() -> Iterator[dict[str, Any]]:
        for word in _words(reply.text, "text") if reply.finish != "refusal" else ():
            yield _gemini_piece(reply, word["text"], last=False)
        yield _gemini_piece(reply, None, last=True)

    return list(map(_sse, pieces()))


def _gemini_error(status: int, words: str) -> dict[str, Any]:
    names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}
    return {"error": {"code": status, "message": words, "status": names.get(status, "UNAVAILABLE")}}


SHAPES: dict[str, Shape] = {
    "chat": Shape("chat", _read_chat, _chat_answer, _chat_events, _openai_error),
    "responses": Shape("responses", _read_responses, _response_answer, _response_events, _openai_error),
    "messages": Shape("messages", _read_messages, _messages_answer, _messages_events, _messages_error),
    "gemini": Shape("gemini", _read_gemini, _gemini_answer, _gemini_events, _gemini_error),
}
"""By name."""
