"""The whole page: one HTML text that asks the network for nothing, and is told so by its own security policy.

Script and style stand in the page and are allowed by their hashes alone. A text that got past the escaping would still
not run, and nothing on the page may load from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any, NamedTuple

from aimcsim.report.html.colours import colour_rules
from aimcsim.report.html.elements import Html, element, join, void
from aimcsim.report.html.embed import safe_json

_STYLES = ("page.css", "timeline.css", "charts.css")

#: In this order: classes stand before what is made of them.
_SCRIPTS = (
    "columns.js", "oplog.js", "view.js", "colours.js", "numbers.js", "painter.js", "arrows.js", "timeline.js",
    "pointers.js", "keys.js", "tooltip.js", "charts.js", "curves.js", "toolbar.js", "inspection.js", "page.js",
)  # fmt: skip


class Section(NamedTuple):
    """A part of the page; two that are `is_half` in a row stand side by side where there is room."""

    name: str
    heading: str
    content: Html
    is_half: bool = False


def document(title: str, header: Html, sections: Sequence[Section], data: Any) -> str:
    """A page of `sections`, all of them in its navigation; `data` is what its script draws."""
    style = colour_rules() + "".join(map(_own_file, _STYLES))
    script = '"use strict";\n(() => {\n' + "\n".join(map(_own_file, _SCRIPTS)) + "})();\n"
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        void("meta", charset="utf-8"),
        void("meta", http_equiv="Content-Security-Policy", content=policy),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="referrer", content="no-referrer"),
        void("link", rel="icon", href="data:,"),
        element("title", title),
        Html(f"<style>{style}</style>"),
    )
    links = [element("li", element("a", heading, href=f"#{name}")) for name, heading, *_ in sections]
    parts = [
        element(
            "section",
            element("h2", heading),
            content,
            id=name,
            aria_label=heading,
            class_="half" if is_half else None,
        )
        for name, heading, content, is_half in sections
    ]
    body = element(
        "body",
        element("header", element("div", header)),
        element("nav", element("ul", *links), aria_label="Parts of the report"),
        element(
            "main",
            element("p", "", id="failed", hidden=True, role="alert"),
            element("noscript", element("p", "Timelines and curves need JavaScript; everything else is below.")),
            *parts,
            element("footer", "Written by aimcsim. This file is complete: it loads nothing."),
        ),
        Html(f'<script type="application/json" id="report-data">{safe_json(data)}</script>\n'),
        Html(f"<script>{script}</script>"),
    )
    return join([Html("<!DOCTYPE html>\n"), element("html", head, Html("\n"), body, lang="en")]) + "\n"


def _own_file(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"
