"""Whatever is done to a good scenario: it is read, or refused with a ScenarioError that points into it."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aimcsim.errors import ScenarioError
from aimcsim.scenario.load import read_scenario, scenario_from_data
from aimcsim.scenario.marks import Marks
from aimcsim.scenario.spec import Scenario
from aimcsim.scenario.yaml_marks import parse_yaml
from tests.scenario.examples import CHAIN, FILES, MODEL, TABLE, TRAINED, scenario_data

TRAINED_DATA = parse_yaml(TRAINED, "s.yaml").data
WEIRD_TEXTS = [
    "", "~", ".nan", "-.inf", "1e999", "0x" + "f" * 5000, "9" * 5000, "- ", "? ", ": ", "{", "]", "'", '"', "&a ", "*a",
    "!!int ", "!x ", "|\n", ">-\n", "\t", "\0", "\x1b[2J", "\u202e", "\ud7ff", "🎉", "<<: ", "---\n", "%YAML 9.9\n",
    "#", "\r", "\x85", "\u2028", "@", "`", "../../x.csv", "x.csv", "[" * 200, "a: " * 30, "null", "true", "-0", "0o7",
]  # fmt: skip
WEIRD_VALUES: list[Any] = [
    None, True, -1, 0, 10**30, 10**400, -0.0, float("nan"), float("inf"), 5e-324, "", "\0", "x" * 5000, "nul.csv",
    [], {}, [[]], [None], {"name": None}, {"name": "ideal"}, {"chain": 2}, {"table": [["0F0"]]}, "auto", {"stages": []},
    b"bytes", {1: 2}, {None: 1}, object(), (1, 2), {"a": {"b": {"c": 1}}}, "\ud800", Path("m.yaml"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutated")


def spoil_text(text: str, rng: random.Random) -> bytes:
    """`text` with a few lines or bytes deleted, repeated, swapped, inserted or cut off."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        lines = text.split("\n")
        row = rng.randrange(len(lines))
        at = rng.randint(0, len(text))
        text = rng.choice(
            [
                lambda lines=lines, row=row: "\n".join(lines[:row] + lines[row + 1 :]),
                lambda lines=lines, row=row: "\n".join(lines[: row + 1] + lines[row:]),
                lambda text=text, at=at: text[:at] + rng.choice(WEIRD_TEXTS) + text[at:],
                lambda text=text, at=at: text[:at] + text[at + rng.randint(1, 5) :],
                lambda text=text, at=at: text[:at],
                lambda lines=lines: "\n".join(rng.sample(lines, len(lines))),
            ]
        )()
    content = bytearray(text.encode())
    for _ in range(rng.choice([0, 0, 0, 0, 1, 3])):
        if content:
            content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content)


def spoil_tree(data: Any, rng: random.Random) -> Any:
    """A copy of `data` with a few values replaced, keys removed, renamed or moved."""
    data = copy.deepcopy(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        node = data
        while isinstance(node, dict | list) and node:
            key = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
            if isinstance(node[key], dict | list) and node[key] and rng.random() < 0.7:
                node = node[key]
                continue
            match rng.randrange(3):
                case 0:
                    node[key] = rng.choice(WEIRD_VALUES)
                case 1:
                    del node[key]
                case _ if isinstance(node, dict):
                    node[rng.choice(["micro_batch", "Name", "", "\x1b", "a.b", 3, None])] = node.pop(key)
            break
    return data


def read_or_refused(read: Callable[[], tuple[Scenario, Marks]]) -> None:
    """Anything but a scenario and a well-formed ScenarioError fails the test."""
    refused = None
    try:
        scenario, _ = read()
    except ScenarioError as error:
        refused = error
    if refused is None:
        assert isinstance(scenario, Scenario)
        return
    lines = str(refused).split("\n")
    assert len(lines) == len(refused.problems) > 0, "one line a problem"
    assert all(line.isprintable() for line in lines)
    assert all(each.line >= 1 and each.column >= 1 for each in refused.problems)


def try_text(folder: Path, source: str, seed: int) -> None:
    rng = random.Random(seed)
    files = {"s.yaml": source, **FILES}
    spoilt = rng.choice(sorted(files))
    for name, content in files.items():
        (folder / name).write_bytes(spoil_text(content, rng) if name == spoilt else content.encode())
    overrides = rng.choice([None, None, ["model.layers.0.outputs=3"], ["pipeline.schedule.table.0.0=0B0", "a=["]])
    read_or_refused(lambda: read_scenario(folder / "s.yaml", overrides))


def try_tree(folder: Path, data: Any, seed: int) -> None:
    rng = random.Random(seed)
    read_or_refused(lambda: scenario_from_data(spoil_tree(data, rng), folder=folder))


texts = st.sampled_from([CHAIN, TRAINED])
seeds = st.integers(0, 2**32)
quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=quiet)
@given(source=texts, seed=seeds)
def test_a_spoilt_text_is_read_or_refused(folder: Path, source: str, seed: int) -> None:
    try_text(folder, source, seed)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=quiet)
@given(data=scenario_data | st.just(TRAINED_DATA), seed=seeds)
def test_a_spoilt_tree_is_read_or_refused(folder: Path, data: Any, seed: int) -> None:
    try_tree(folder, data, seed)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=quiet)
@given(
    path=st.lists(
        st.sampled_from(["model", "layers", "0", "99", "-1", "hardware", "device", "x", "", "name"]), max_size=5
    ),
    value=st.sampled_from(WEIRD_TEXTS),
)
def test_a_weird_override_is_taken_or_refused(folder: Path, path: list[str], value: str) -> None:
    for name, content in {"s.yaml": TRAINED, "m.yaml": MODEL, "s.csv": TABLE}.items():
        (folder / name).write_text(content)
    read_or_refused(lambda: read_scenario(folder / "s.yaml", [".".join(path) + "=" + value]))


@pytest.mark.long
@settings(max_examples=10_000, deadline=None, suppress_health_check=quiet)
@given(source=texts, seed=seeds)
def test_ten_thousand_spoilt_texts_are_read_or_refused(folder: Path, source: str, seed: int) -> None:
    try_text(folder, source, seed)


@pytest.mark.long
@settings(max_examples=10_000, deadline=None, suppress_health_check=quiet)
@given(data=scenario_data | st.just(TRAINED_DATA), seed=seeds)
def test_ten_thousand_spoilt_trees_are_read_or_refused(folder: Path, data: Any, seed: int) -> None:
    try_tree(folder, data, seed)
