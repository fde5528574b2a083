"""The HTML report of long logs: seconds to write, bytes, and milliseconds to redraw in headless Chromium.

A log of irregular lengths (1 to 40 cycles, 1 in 8 of them followed by idle cycles), which packs worse than any
schedule with fixed times does; and beside it a real run with fixed times.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import aimcsim
from aimcsim.report.html.report import run_report
from aimcsim.scenario.load import scenario_from_data
from aimcsim.trace.oplog import SCHEMA
from tests.benchmarks.host import describe_host
from tests.report.html.chromium import NoBrowser, chromium, wait_until

STAGES = 8
ZOOMS = (1, 10, 100, 1000)


def fixed_run(folder: Path, operations: int) -> Path:
    """A run of 8 stages with so many operations, all of them with fixed times."""
    data = {"name": "fixed", "model": {"chain": STAGES}, "training": {"samples": operations // (3 * STAGES)}}
    scenario, _ = scenario_from_data(data)
    return aimcsim.simulate(scenario).save(folder)


def make_irregular(run: Path) -> None:
    """Give every operation of the log another length; what depends on what is no longer respected."""
    numbers = random.Random(1)
    ops = pq.read_table(run / "ops.parquet")
    clock = dict.fromkeys(ops["tile"].unique().to_pylist(), 0)
    starts, ends = [], []
    for tile in ops["tile"].to_pylist():
        starts.append(clock[tile] + (numbers.randint(1, 20) if numbers.random() < 1 / 8 else 0))
        ends.append(starts[-1] + numbers.randint(1, 40))
        clock[tile] = ends[-1]
    for name, values in (("start", starts), ("end", ends)):
        ops = ops.set_column(SCHEMA.get_field_index(name), name, pa.array(values, pa.int64()))
    pq.write_table(ops.sort_by("end"), run / "ops.parquet")


def measure(run: Path, name: str, operations: int) -> None:
    begun = time.perf_counter()
    page = run_report(run, most_operations=2 * operations)
    seconds = time.perf_counter() - begun
    file = run.parent / "report.html"
    file.write_text(page, encoding="utf-8")
    print(f"{name}, {operations} operations: {seconds:.1f} s, {len(page.encode()) / 1e6:.2f} MB")
    try:
        with chromium() as browser:
            for width in (1280, 2560):
                print(f"  {width} pixels wide: {redraws(browser, file, width)}")
    except NoBrowser as reason:
        print(f"  not drawn: {reason}")


def redraws(browser, file: Path, width: int) -> str:  # type: ignore[no-untyped-def]
    """Seconds until the page is there, and the median redraw at each zoom."""
    page = browser.new_page(viewport={"width": width, "height": 1000})
    begun = time.perf_counter()
    page.goto(file.as_uri())
    wait_until(page, "window.aimcsimReport !== undefined")
    found = [f"open {time.perf_counter() - begun:.1f} s"]
    page.evaluate("aimcsimReport.show(0, 1e15)")
    end = page.evaluate("aimcsimReport.view.end")
    for zoom in ZOOMS:
        page.evaluate(f"aimcsimReport.show({end / 3}, {end / 3 + end / zoom})")
        found.append(f"1/{zoom} of the run {page.evaluate('aimcsimReport.timeRedraw(15)'):.1f} ms")
    page.close()
    return ", ".join(found)


def main() -> None:
    print(describe_host())
    for operations in (100_000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder:
            run = fixed_run(Path(folder) / "run", operations)
            measure(run, "fixed times", operations)
            make_irregular(run)
            measure(run, "irregular times", operations)


if __name__ == "__main__":
    main()
