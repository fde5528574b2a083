"""Data in a page comes out as it went in, takes little room, and can not break out of its element."""

from __future__ import annotations

import base64
import json
import random
import zlib
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcsim.report.html.elements import Html, element, preformatted, text
from aimcsim.report.html.embed import Packed, packed, safe_json

SIZES = {"i1": 1, "i2": 2, "i4": 4, "f8": 8}
HOSTILE = ("<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "\"' onload='x", "<!--", "&lt;", "]]>")


def unpacked(column: Packed) -> list[int]:
    """The same as `columns.js` does, one byte after the other."""
    planes = zlib.decompress(base64.b64decode(column["data"]))
    count, size = column["count"], SIZES[column["type"]]
    assert len(planes) == count * size
    raw = bytes(planes[plane * count + i] for i in range(count) for plane in range(size))
    values = np.frombuffer(raw, f"<{column['type']}").tolist()
    if column["difference"]:
        values = np.cumsum(values).tolist()
    return [int(value) for value in values]


@given(st.lists(st.integers(-(2**52), 2**52)))
def test_a_column_comes_out_as_it_went_in(values: list[int]) -> None:
    assert unpacked(packed(np.array(values, np.int64))) == values


@pytest.mark.parametrize(
    ("values", "kind"),
    [([], "i1"), ([127, -127], "i1"), ([128] * 9, "i2"), ([2**15 - 1], "i2"), ([2**31 - 1], "i4"), ([2**31], "f8")],
)
def test_a_column_takes_the_smallest_type_that_holds_it(values: list[int], kind: str) -> None:
    assert packed(np.array(values, np.int64))["type"] == kind


def test_the_starts_of_100_000_irregular_operations_take_less_than_two_bytes_each() -> None:
    # Lengths of 1 to 40 cycles: log2(40) = 5.3 bits each, 0.89 bytes in base64, before zlib's own cost.
    numbers = random.Random(1)
    starts = np.cumsum([numbers.randint(1, 40) for _ in range(100_000)])
    assert len(packed(starts)["data"]) < 200_000


@pytest.mark.parametrize("hostile", [*HOSTILE, "\u2028\u2029", 'a"b\\c', "\x00"])
def test_json_in_a_script_element_stays_in_it_and_means_the_same(hostile: str) -> None:
    data = {hostile: [hostile, 1.5, None]}
    embedded = safe_json(data)
    assert not set("<>&\u2028\u2029") & set(embedded)
    assert json.loads(embedded) == data


def test_a_figure_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError):
        safe_json({"loss": float("nan")})


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_is_a_text_wherever_it_is_put(hostile: str) -> None:
    reader = _Elements()
    reader.feed(element("p", hostile, element("b", hostile), title=hostile, id="x") + preformatted(hostile))
    reader.close()
    assert [tag for tag, _ in reader.found] == ["p", "b", "pre"]
    assert reader.found[0][1] == {"title": hostile, "id": "x"}
    assert "".join(reader.texts) == hostile * 3


def test_control_characters_become_visible_and_only_html_passes_as_it_is() -> None:
    assert text("a\x1b[2Jb") == "a\\x1b[2Jb"
    assert element("p", Html("<b>x</b>"), "<b>") == "<p><b>x</b>&lt;b&gt;</p>"
    assert (
        element("p", hidden=True, title=None, class_="a", aria_label="b") == '<p hidden class="a" aria-label="b"></p>'
    )
