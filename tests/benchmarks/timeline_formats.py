"""Seconds, bytes and memory of every timeline format for the whole of a run of 100 k and of 1 M operations, each in a
process of its own; and of a window of a thousand cycles out of the middle of a log of 5 M operations.

    python -m tests.benchmarks.timeline_formats [FORMAT ...]
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from aimcsim.loading import load
from aimcsim.simulation import simulate
from aimcsim.trace.oplog import ROW_GROUP
from tests.benchmarks.host import describe_host

STAGES = 8
SCENARIO = """\
name: bench
model: {{chain: {stages}}}
hardware: {{link: {{latency: 1}}}}
pipeline: {{schedule: async}}
training: {{samples: {samples}}}
"""
LONG = 5_000_000


def make_run(folder: Path, operations: int) -> Path:
    """A run of about so many operations: F, B and U of every micro-batch at every stage."""
    file = folder / f"{operations}.yaml"
    file.write_text(SCENARIO.format(stages=STAGES, samples=operations // (3 * STAGES)))
    return simulate(load(file).scenario, train=False).save(folder / str(operations))


def lengthen(run: Path, operations: int) -> None:
    """Repeat the log of a run, each time behind its end, until it has so many operations."""
    log = run / "ops.parquet"
    once = pq.read_table(log)
    length, micro_batches = pc.max(once["end"]).as_py(), pc.max(once["micro_batch"]).as_py() + 1
    with pq.ParquetWriter(run / "long", once.schema, compression="zstd") as writer:
        for turn in range(-(-operations // len(once))):
            shifted = once
            for name, by in (("start", length), ("end", length), ("micro_batch", micro_batches)):
                moved = pc.add(once[name], pa.scalar(turn * by, pa.int64()))
                shifted = shifted.set_column(shifted.column_names.index(name), once.schema.field(name), moved)
            writer.write_table(shifted, row_group_size=ROW_GROUP)
    (run / "long").replace(log)


#: What the measured process runs. It tells its own peak memory: that which the system reports of a child holds its
#: parent's, from before the child became another program.
COMMAND = """\
import atexit, sys
def tell():
    with open("/proc/self/status") as status:
        print(*(line.split()[1] for line in status if line.startswith("VmHWM")), file=sys.stderr)
atexit.register(tell)
from aimcsim.cli import main
main()
"""


def measure(form: str, run: Path, *window: str) -> str:
    """A line: seconds, megabytes written and peak memory of `aimcsim timeline` in a fresh process."""
    out = run / f"out.{form}"
    command = [sys.executable, "-c", COMMAND, "timeline", str(run), "--format", form, "--out", str(out), *window]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    size = sum(file.stat().st_size for file in run.glob("out*"))
    for file in run.glob("out*"):
        file.unlink()
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = int(process.stderr.split()[-1]) / 1024
    return f"{seconds:6.1f} s ({busy:5.1f} s busy) {size / 1e6:8.2f} MB written {memory:5.0f} MB of memory"


def main() -> None:
    from aimcsim.cli.timeline_formats import FORMATS, TEXT

    formats = sys.argv[1:] or [TEXT, *FORMATS]
    print(describe_host())
    with TemporaryDirectory() as folder:
        runs = {count: make_run(Path(folder), count) for count in (100_000, 1_000_000)}
        for count, run in runs.items():
            for form in formats:
                print(f"{count:9d} operations, {form:8s} {measure(form, run, '--cycles', ':')}", flush=True)
        long = runs[1_000_000]
        lengthen(long, LONG)
        middle = pq.read_metadata(long / "ops.parquet").num_rows // 3 // STAGES * 3 // 2
        for form in formats:
            print(f"1000 cycles of {LONG}, {form:8s} {measure(form, long, '--cycles', f'{middle}:{middle + 1000}')}")


if __name__ == "__main__":
    main()
