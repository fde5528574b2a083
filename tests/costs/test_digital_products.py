"""RIDER's product with its digital Q takes time and energy: a product and a sum for every weight, in F and in B."""

from __future__ import annotations

from typing import Any

from tests.costs.runs import layer
from tests.pipeline.machines import rows_of

INPUTS, OUTPUTS, SAMPLES = 512, 128, 4
RIDER: dict[str, Any] = {"name": "rider", "gamma": 0.1}
RESIDUAL: dict[str, Any] = {"name": "residual-learning", "gamma": 0.1}


def lengths(algorithm: dict[str, Any], array: str) -> dict[str, set[int]]:
    """Picoseconds of F and B of one array."""
    rows = rows_of(layer(INPUTS, OUTPUTS, 5, algorithm, SAMPLES).ops)
    named = [row for row in rows if row.tile.endswith(array)]
    return {kind: {row.end - row.start for row in named if row.op == kind} for kind in "FB"}


def operations(algorithm: dict[str, Any]) -> float:
    """Digital operations of a run, at a picojoule each."""
    result = layer(INPUTS, OUTPUTS, 5, algorithm, SAMPLES, energy={"digital_pj": 1})
    (line,) = result.summary["energy"]["lines"]
    assert line["what"] == "digital operations"
    return float(line["count"])


def test_products_of_p_take_the_digital_products_time_as_well() -> None:
    # 40 ns + 2·512·128/175 ns = 788.98286 ns, rounded up to a picosecond.
    assert lengths(RIDER, ".P") == {"F": {788_983}, "B": {788_983}}
    assert lengths(RIDER, ".r0c0") == lengths(RESIDUAL, ".P") == {"F": {40_000}, "B": {40_000}}


def test_without_gamma_there_is_no_product_with_q() -> None:
    rows = rows_of(layer(INPUTS, OUTPUTS, 5, {**RIDER, "gamma": 0.0}, SAMPLES).ops)
    assert max(row.end - row.start for row in rows if row.op in "FB") == 40_000


def test_digital_products_are_counted_where_energy_is() -> None:
    # Beside residual learning: 2·N·D for F and for B of every sample, and 6N instead of 2N for a transferred line.
    more = SAMPLES * (4 * INPUTS * OUTPUTS + 4 * INPUTS)
    assert operations(RIDER) - operations(RESIDUAL) == more
