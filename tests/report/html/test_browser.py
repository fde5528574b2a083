"""The report in a real browser: it draws, answers to pointer and keys, asks the network for nothing, runs no text."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aimcsim.report.html.report import run_report
from tests.cli.command import DIGITS, aimcsim_, write
from tests.report.html.chromium import NoBrowser, chromium, wait_until
from tests.report.html.small import METRICS, small_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HOSTILE = "<script>alert(1)</script>"
HOSTILE_TILE = "s1.</script><img src=x onerror=alert(1)>.r0c0"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as found:
            yield found
    except NoBrowser as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small run, as if it had been trained."""
    folder = small_run(tmp_path_factory.mktemp("small"))
    (folder / "metrics.csv").write_text(METRICS)
    _edit(folder, target_accuracy=0.8, cycles_to_target=9, samples_to_target=2)
    return folder


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Opens a page from a file; afterwards no page may have asked for anything, complained or shown a dialog."""
    contexts, complaints = [], []

    def open_page(text: str, width: int = 1280, **options: Any) -> Page:
        file = tmp_path / f"report-{len(contexts)}.html"
        file.write_text(text, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: complaints.append(request.url) if request.url != file.as_uri() else None)
        page.goto(file.as_uri())
        wait_until(page, "window.aimcsimReport !== undefined")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def state(page: Page, name: str) -> Any:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate(f"aimcsimReport.{name}")


def hover(page: Page, tile: str, kind: str, micro_batch: int) -> None:
    page.locator("canvas").first.scroll_into_view_if_needed()
    place = page.evaluate("([t, k, m]) => aimcsimReport.placeOf(0, t, k, m)", [tile, kind, micro_batch])
    page.mouse.move(place["x"], place["y"])


def _edit(folder: Path, **values: object) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps(summary | values))


def test_an_operation_shows_its_details_and_arrows_under_the_pointer(show: Callable[..., Page], run: Path) -> None:
    page = show(run_report(run))
    assert state(page, "runs") == [{"label": "small", "operations": 18}]
    assert state(page, "view") == {"first": 0, "end": 14}
    hover(page, "s1.l1.r0c0", "F", 2)
    # F2 of stage 1 starts at 6, right after U0 has written version 1; U1 comes after it: one update is missed.
    assert state(page, "chosen") == {
        "run": 0, "tile": "s1.l1.r0c0", "kind": "F", "microBatch": 2, "start": 6, "end": 7,
        "layer": None, "versionRead": 1, "versionWritten": None, "staleness": 1,
    }  # fmt: skip
    ways = [("F2 s1.l1.r0c0", "F2 s2.l2.r0c0"), ("F2 s2.l2.r0c0", "B2 s2.l2.r0c0"), ("B2 s2.l2.r0c0", "B2 s1.l1.r0c0")]
    assert state(page, "arrows") == [
        *({"kind": "data", "from": source, "to": target} for source, target in ways),
        {"kind": "version", "from": "U0 s1.l1.r0c0", "to": "F2 s1.l1.r0c0"},
    ]
    words = page.locator(".tooltip").inner_text()
    for expected in ("F2 forward, s1.l1.r0c0", "6 – 7 (1 cycle)", "version read\n1", "staleness\n1 update"):
        assert expected in words
    page.mouse.move(5, 5)
    assert state(page, "chosen") is None
    assert page.locator(".tooltip").is_hidden()


def test_a_tile_below_the_topmost_of_its_layer_shows_the_whole_way(show: Callable[..., Page], tmp_path: Path) -> None:
    # fc1 has 64 inputs on tiles of 32 rows: r0c0 and r1c0 start together.
    result = aimcsim_(
        "run", write(tmp_path, DIGITS), "--no-train", "--out", tmp_path / "run", "--set", "hardware.tile.rows=32"
    )
    assert result.exit_code == 0, result.stderr
    page = show(run_report(tmp_path / "run"))
    hover(page, "s1.fc1.r1c0", "B", 0)
    steps = ["F0 s1.fc1.r0c0", "F0 s2.fc2.r0c0", "F0 s3.fc3.r0c0", "B0 s3.fc3.r0c0", "B0 s2.fc2.r0c0", "B0 s1.fc1.r1c0"]
    ways = [(each["from"], each["to"]) for each in state(page, "arrows")]
    assert [way for way in itertools.pairwise(steps) if way not in ways] == []


def test_the_wheel_zooms_at_the_pointer_and_dragging_moves(show: Callable[..., Page], run: Path) -> None:
    page = show(run_report(run))
    canvas = page.locator("canvas").first
    hover(page, "s2.l2.r0c0", "F", 1)  # cycles 5 to 6: its middle, 5.5, stays under the pointer
    page.mouse.wheel(0, -400)
    assert state(page, "view") == {"first": 0, "end": 14}, "a wheel that passes by scrolls the page"
    hover(page, "s2.l2.r0c0", "F", 1)
    canvas.focus()
    page.mouse.wheel(0, -400)
    view = state(page, "view")
    assert 4 <= view["end"] - view["first"] < 8
    assert (5.5 - view["first"]) / (view["end"] - view["first"]) == pytest.approx(5.5 / 14, abs=0.01)
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 800, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 600, box["y"] + 40, steps=4)
    page.mouse.up()
    moved = state(page, "view")
    assert moved["first"] > view["first"]
    assert moved["end"] - moved["first"] == pytest.approx(view["end"] - view["first"])


def test_everything_is_within_reach_of_the_keyboard(show: Callable[..., Page], run: Path) -> None:
    page = show(run_report(run))
    page.locator("#show-keys").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "CANVAS"
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert state(page, "view")["end"] - state(page, "view")["first"] == pytest.approx(14 / 1.5**2)
    page.keyboard.press("End")
    assert state(page, "view")["end"] == 14
    page.keyboard.press("Home")
    assert state(page, "view")["first"] == 0
    page.keyboard.press("ArrowRight")
    assert state(page, "view")["first"] == pytest.approx(14 / 1.5**2 / 10)
    page.keyboard.press("0")
    assert state(page, "view") == {"first": 0, "end": 14}
    page.keyboard.press("ArrowDown")
    first = state(page, "chosen")
    page.keyboard.press("n")
    assert (first["tile"], state(page, "chosen")["start"]) == ("s2.l2.r0c0", first["end"])
    assert "s2.l2.r0c0" in page.locator("[aria-live]").inner_text()
    page.keyboard.press("Escape")
    assert state(page, "chosen") is None
    page.keyboard.press("?")
    assert "show all cycles" in page.locator("dialog").inner_text()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "CANVAS"


def test_two_fingers_zoom(show: Callable[..., Page], run: Path) -> None:
    page = show(run_report(run), has_touch=True)
    page.locator("canvas").first.scroll_into_view_if_needed()
    box = page.locator("canvas").first.bounding_box()
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *xs: float) -> None:
        points = [{"x": box["x"] + x, "y": box["y"] + 40, "id": i} for i, x in enumerate(xs)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 500, 600)
    touch("touchMove", 500, 650)
    touch("touchMove", 500, 700)
    touch("touchEnd")
    view = state(page, "view")
    assert view["end"] - view["first"] == pytest.approx(7, abs=0.1)  # twice the distance, half of 14 cycles


@pytest.mark.parametrize(("scheme", "bar"), [("light", [0, 114, 178]), ("dark", [61, 155, 220])])
@pytest.mark.parametrize("width", [1280, 2560])
def test_it_fits_the_window_and_follows_light_and_dark(
    show: Callable[..., Page], run: Path, width: int, scheme: str, bar: list[int]
) -> None:
    page = show(run_report(run), width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("canvas").first.bounding_box()["width"] > 0.85 * width
    page.locator("canvas").first.scroll_into_view_if_needed()
    pixel = """() => {
        const canvas = document.querySelector("canvas"), box = canvas.getBoundingClientRect();
        const at = aimcsimReport.placeOf(0, "s1.l1.r0c0", "F", 2);
        const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        copy.drawImage(canvas, box.left - at.x + 20, box.top - at.y);
        return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3);
    }"""
    assert page.evaluate(pixel) == bar
    other = "light" if scheme == "dark" else "dark"
    page.emulate_media(color_scheme=other)
    wait_until(page, f"aimcsimReport.colours.panel === '{'#ffffff' if other == 'light' else '#1c2127'}'")
    assert page.evaluate(pixel) != bar


def test_curves_switch_their_axis_and_say_where_the_target_is_reached(show: Callable[..., Page], run: Path) -> None:
    page = show(run_report(run))
    assert "test accuracy reaches 80 % at 2 samples" in page.locator("#curves").inner_text()
    for axis, place in (("cycles", "9 cycles"), ("seconds", "9.000e-8 seconds")):
        page.get_by_label(axis, exact=True).check()
        assert state(page, "axis") == axis
        assert f"test accuracy reaches 80 % at {place}" in page.locator("#curves").inner_text()
    assert page.locator(".reached").count() == 1
    page.locator(".chart").last.hover()
    assert "seconds" in page.locator(".readout").last.inner_text()


def test_several_runs_zoom_together(show: Callable[..., Page], run: Path, tmp_path: Path) -> None:
    other = small_run(tmp_path, "--set", "name=other", "--set", "pipeline.schedule=serial")
    assert aimcsim_("compare", run, other, "--out", tmp_path / "both").exit_code == 0
    page = show((tmp_path / "both/report.html").read_text(encoding="utf-8"))
    assert [each["label"] for each in state(page, "runs")] == ["small", "other"]
    # Serial: F F B U beside B, 2 + 1 + 1 + 2 cycles until the next may start; the axis is as long as the longer run.
    assert state(page, "view") == {"first": 0, "end": 18}
    images = "() => [...document.querySelectorAll('canvas:not(.overlay)')].map((canvas) => canvas.toDataURL())"
    before = page.evaluate(images)
    page.evaluate("aimcsimReport.show(2, 9)")
    assert state(page, "view") == {"first": 2, "end": 9}
    assert all(one != two for one, two in zip(before, page.evaluate(images), strict=True))


def test_hostile_names_are_shown_and_do_nothing(show: Callable[..., Page], tmp_path: Path) -> None:
    folder = small_run(tmp_path)
    _edit(
        folder, name=HOSTILE, schedule=HOSTILE, bottleneck=HOSTILE, status=HOSTILE, notes=[HOSTILE],
        utilisation={HOSTILE_TILE: 0.5, "s2.l2.r0c0": 0.5},
    )  # fmt: skip
    ops = pq.read_table(folder / "ops.parquet")
    names = [HOSTILE_TILE if tile == "s1.l1.r0c0" else tile for tile in ops["tile"].to_pylist()]
    column = pa.array(names).dictionary_encode()
    pq.write_table(ops.set_column(0, ops.schema.field("tile").name, column), folder / "ops.parquet")
    page = show(run_report(folder))
    assert page.locator("h1").inner_text() == HOSTILE
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    page.locator("canvas").first.focus()
    page.keyboard.press("ArrowUp")
    assert state(page, "chosen")["tile"] == HOSTILE_TILE
    assert HOSTILE_TILE in page.locator(".tooltip").inner_text()


def test_a_script_that_got_in_would_not_run_nor_load_anything(browser: Browser, run: Path, tmp_path: Path) -> None:
    attack = "<script>window.ran = 1</script><img src='http://127.0.0.1:9/x'><p style='color:red' onclick='ran=1'>x</p>"
    text = run_report(run)
    (tmp_path / "attacked.html").write_text(text.replace("<main>", f"<main>{attack}"), encoding="utf-8")
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto((tmp_path / "attacked.html").as_uri())
    wait_until(page, "window.aimcsimReport !== undefined")
    assert page.evaluate("window.ran") is None
    assert len([each for each in refused if "Content Security Policy" in each]) >= 3
    page.close()
