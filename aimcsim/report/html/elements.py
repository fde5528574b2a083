"""HTML that is escaped unless it is known to be HTML: names in a run folder are untrusted."""

from __future__ import annotations

import html
from collections.abc import Iterable

from aimcsim.errors import harmless

#: Longest text from a run folder in one place; a scenario goes through `pre`.
LONGEST = 2000


class Html(str):
    """Text that is HTML already. Only this room makes it; any other text is escaped where it is put in."""

    __slots__ = ()


def text(value: str) -> Html:
    """Any text as HTML, control characters made visible."""
    return Html(html.escape(harmless(value, LONGEST), quote=True))


def join(parts: Iterable[str]) -> Html:
    """Parts one after another, those that are not HTML escaped."""
    return Html("".join(part if isinstance(part, Html) else text(part) for part in parts))


def element(name: str, /, *children: str, **attributes: str | float | bool | None) -> Html:
    """`<name …>children</name>`.

    Attributes: `_` at the end is dropped (`class_`), other `_` become `-`; None and False leave one out.

    >>> element("td", "a < b", class_="number")
    '<td class="number">a &lt; b</td>'
    """
    return Html(f"<{name}{_attributes(attributes)}>{join(children)}</{name}>")


def void(name: str, /, **attributes: str | float | bool | None) -> Html:
    """An element of HTML that has no content and no end."""
    return Html(f"<{name}{_attributes(attributes)}>")


def preformatted(value: str) -> Html:
    """A text of several lines, in full."""
    lines = (harmless(line, LONGEST) for line in value.split("\n"))
    return Html(f'<pre tabindex="0">{html.escape(chr(10).join(lines), quote=True)}</pre>')


def _attributes(attributes: dict[str, str | float | bool | None]) -> str:
    found = []
    for key, value in attributes.items():
        name = key.rstrip("_").replace("_", "-")
        if value is True:
            found.append(f" {name}")
        elif value is not None and value is not False:
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            found.append(f' {name}="{text(shown)}"')
    return "".join(found)
