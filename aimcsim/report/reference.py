"""The scenarios that `compare` adds: variants by schedule, and the reference free of staleness."""

from __future__ import annotations

from typing import Any

from aimcsim.assembly import Assembly, assemble
from aimcsim.data.stored import nominal_epoch
from aimcsim.report.comparison import SERIAL
from aimcsim.scenario.model_spec import NetworkSpec
from aimcsim.scenario.spec import Scenario

#: Longest name that a scenario may have.
LONGEST_NAME = 128


def suffixed(name: str, suffix: str) -> str:
    """`name-suffix`, with the name cut where both would be too long."""
    return f"{name[: LONGEST_NAME - 1 - len(suffix)]}-{suffix}"


def reference_of(scenario: Scenario) -> Scenario | None:
    """The serial run with mini-batches of one micro-batch, of as many samples, evaluated where `scenario` is.

    None where there is nothing to train. Raises FieldError(s) where the scenario can not run serially.
    """
    if not isinstance(scenario.model, NetworkSpec) or scenario.data.name == "none":
        return None
    assembly = assemble(scenario, nominal_epoch(scenario.data))
    unused = dict.fromkeys(("max_in_flight", "chunks", "update"))
    pipeline = scenario.pipeline.model_copy(update={"schedule": SERIAL, "micro_batches": 1, **unused})
    lengths = {"samples": assembly.samples, "epochs": None, "evaluate_every": _evaluate_every(assembly)}
    reference = scenario.model_copy(
        update={
            "name": suffixed(scenario.name, "reference"),
            "pipeline": pipeline,
            "training": scenario.training.model_copy(update=lengths),
        }
    )
    assemble(reference, nominal_epoch(reference.data))
    return reference


def is_same_run(scenario: Scenario, reference: Scenario) -> bool:
    """True where `scenario` is what `reference` is, name and op log aside."""
    own = reference_of(scenario)
    if own is None or scenario.pipeline.schedule != SERIAL or scenario.pipeline.micro_batches != 1:
        return False
    return _without_name(own) == _without_name(reference)


def _without_name(scenario: Scenario) -> dict[str, Any]:
    return scenario.model_dump(exclude={"name", "trace"})


def _evaluate_every(assembly: Assembly) -> int | None:
    """Samples between evaluations, rounded up to whole mini-batches as the run does."""
    scenario = assembly.scenario
    wanted = scenario.training.evaluate_every or nominal_epoch(scenario.data)
    mini_batch = scenario.pipeline.micro_batch * scenario.pipeline.micro_batches
    return None if wanted is None else -(-wanted // mini_batch) * mini_batch
