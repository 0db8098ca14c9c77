"""The documentation of the API as one page of HTML: no script, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; padding: .4rem; }
summary { cursor: pointer; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
.method { display: inline-block; min-width: 4.5em; font-weight: 700; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0; }
tr + tr td { border-top: 1px solid var(--soft); }
.about { opacity: .8; }
"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Of the page: its own style, and nothing else at all."""


def page_of(document: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI document."""
    info = document["info"]
    title = f"{info['title']} {info['version']}"
    by_tag: dict[str, list[str]] = {}
    for path, method, operation in _operations(document):
        tag = (operation.get("tags") or ["other"])[0]
        by_tag.setdefault(tag, []).append(_operation(path, method, operation))
    sections = "".join(
        f"<h2 id='{_id(tag)}'>{escape(tag)}</h2>{''.join(parts)}" for tag, parts in by_tag.items()
    )
    links = " · ".join(f"<a href='#{_id(tag)}'>{escape(tag)}</a>" for tag in by_tag)
    schemas = "".join(
        _schema(name, schema) for name, schema in document["components"]["schemas"].items()
    )
    server = document["servers"][0]["url"]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1><p>{escape(info.get('description', ''))}</p>"
        f"<p>Paths are below <code>{escape(server)}</code>. "
        "<a href='openapi.json'>openapi.json</a> is the same for programs.</p>"
        f"<nav>{links} · <a href='#bodies'>bodies</a></nav>{sections}"
        f"<h2 id='bodies'>bodies</h2>{schemas}</body></html>"
    )


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}</td>"
        f"<td>{_type(each.get('schema', {}))}</td>"
        f"<td>{'required' if each.get('required') else ''}</td></tr>"
        for each in operation.get("parameters", ())
    )
    body = "".join(
        f"<tr><td>body</td><td></td><td>{_type(content.get('schema', {}))}</td><td></td></tr>"
        for content in operation.get("requestBody", {}).get("content", {}).values()
    )
    answers = "".join(
        f"<tr><td>{escape(status)}</td><td>{escape(answer.get('description', ''))}</td>"
        f"<td>{' '.join(_type(c.get('schema', {})) for c in answer.get('content', {}).values())}"
        "</td></tr>"
        for status, answer in operation.get("responses", {}).items()
    )
    about = "".join(
        f"<p>{escape(paragraph)}</p>"
        for paragraph in operation.get("description", "").split("\n\n")
        if paragraph.strip()
    )
    return (
        f"<details><summary><span class='method'>{method.upper()}</span>"
        f"<code>{escape(path)}</code> <span class='about'>{escape(operation.get('summary', ''))}"
        f"</span></summary>{about}<table>{parameters}{body}</table>"
        f"<table>{answers}</table></details>"
    )


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = set(schema.get("required", ()))
    fields = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{_type(each)}</td>"
        f"<td>{'always' if field in required else ''}</td></tr>"
        for field, each in schema.get("properties", {}).items()
    )
    about = escape(schema.get("description", ""))
    return (
        f"<details id='body-{_id(name)}'><summary><code>{escape(name)}</code></summary>"
        f"<p>{about}</p><table>{fields}</table></details>"
    )


def _type(schema: Mapping[str, Any]) -> str:
    """Return what a schema takes, in a few words, with a link to a body that has a name."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"<a href='#body-{_id(name)}'>{escape(name)}</a>"
    for several in ("oneOf", "anyOf"):
        if several in schema:
            return " or ".join(_type(each) for each in schema[several])
    if "enum" in schema:
        return escape(", ".join(map(str, schema["enum"])))
    kind = schema.get("type", "any")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(words + (f" ({schema['format']})" if "format" in schema else ""))


def _id(text: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in text)
