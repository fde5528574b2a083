"""One layer on one tile, run without numbers, and what its log says of times."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from aimcsim.result import Result
from aimcsim.simulation import simulate
from tests.pipeline.machines import rows_of, scenario_of

#: Figures of Nat. Commun. 15:7133 (2024), Table 1: t_MVM 40 ns, a slot of 5 ns, 0.175 TFLOP/s. A picosecond a cycle, so
#: that rounding up, once an operation, stays below the tables' last digit.
TIMING = {"preset": "rasch_2024", "clock_ns": 0.001}


def layer(inputs: int, outputs: int, slots: int, algorithm: Any, samples: int, **hardware: Any) -> Result:
    """A run of one dense layer, one sample a micro-batch, on an array of its size."""
    return simulate(
        scenario_of(
            model={
                "input": [inputs],
                "layers": [{"name": "fc", "type": "dense", "outputs": outputs, "bias": "none"}],
            },
            hardware={
                "timing": TIMING,
                "tile": {"rows": max(inputs, 512), "columns": max(outputs, 512)},
                "pulses": {"desired_bl": slots},
                **hardware,
            },
            pipeline={"stages": 1, "schedule": "async"},
            training={"samples": samples, "algorithm": algorithm},
        ),
        train=False,
    )


def nanoseconds(result: Result, kinds: str, samples: int) -> Fraction:
    """Length of all operations of `kinds`, which follow one another, divided by the samples."""
    cycles = sum(row.end - row.start for row in rows_of(result.ops) if row.op in kinds)
    return Fraction(cycles, 1000) / samples


def update_time(inputs: int, outputs: int, slots: int, algorithm: Any, samples: int) -> Fraction:
    """Nanoseconds that updates and transfers take, a sample."""
    return nanoseconds(layer(inputs, outputs, slots, algorithm, samples), "UT", samples)
