"""Checks across the fields of a scenario that need nothing but its typed specs."""

from __future__ import annotations

from aimcsim.errors import FieldError
from aimcsim.scenario.model_spec import ChainSpec, NetworkSpec
from aimcsim.scenario.spec import Scenario

#: Data sets that are read from files, in a folder that a scenario may name.
FILE_SETS = ("mnist", "fashion-mnist", "cifar10", "cifar100")


def check(scenario: Scenario) -> list[FieldError]:
    """Everything in `scenario` that cannot go together, in no particular order; empty where all is well."""
    return [*_data(scenario), *_length(scenario), *_target(scenario), *_stages(scenario)]


def _data(scenario: Scenario) -> list[FieldError]:
    data = scenario.data
    errors = []
    if isinstance(scenario.model, ChainSpec) and data.name != "none":
        errors.append(
            FieldError(("data", "name"), "must be none, because a chain model computes nothing", data.name),
        )
    if data.problem is not None and data.name != "least-squares":
        errors.append(FieldError(("data", "problem"), f"is for data.name=least-squares only, not {data.name}"))
    if data.root is not None and data.name not in FILE_SETS:
        errors.append(
            FieldError(("data", "root"), f"is for {', '.join(FILE_SETS)} only, not {data.name}", data.root),
        )
    return errors


def _length(scenario: Scenario) -> list[FieldError]:
    training, data = scenario.training, scenario.data
    if training.epochs is None and training.samples is None:
        wanted = "missing key samples" if data.name == "none" else "missing key: either epochs or samples"
        return [FieldError(("training",), wanted)]
    if training.epochs is not None and training.samples is not None:
        return [FieldError(("training", "samples"), "cannot be given together with training.epochs", training.samples)]
    if training.epochs is not None and data.name == "none":
        what = "needs data; a run with data.name=none takes training.samples"
        return [FieldError(("training", "epochs"), what, training.epochs)]
    return _one_mini_batch(scenario)


def _one_mini_batch(scenario: Scenario) -> list[FieldError]:
    """A run is rounded down to whole mini-batches: it must hold one."""
    training, pipeline = scenario.training, scenario.pipeline
    mini_batch = pipeline.micro_batch * pipeline.micro_batches
    needed = f"pipeline.micro_batch={pipeline.micro_batch} × pipeline.micro_batches={pipeline.micro_batches}"
    if training.samples is not None and training.samples < mini_batch:
        return [FieldError(("training", "samples"), f"training.samples={training.samples} must be >= {needed}")]
    if training.epochs is not None and scenario.data.train is not None:
        given = f"training.epochs={training.epochs} × data.train={scenario.data.train}"
        if training.epochs * scenario.data.train < mini_batch:
            return [FieldError(("training", "epochs"), f"{given} must be >= {needed}")]
    return []


def _target(scenario: Scenario) -> list[FieldError]:
    target, model = scenario.training.target_accuracy, scenario.model
    if target is None or not isinstance(model, NetworkSpec) or model.loss != "squared":
        return []
    return [FieldError(("training", "target_accuracy"), "needs model.loss=cross-entropy, not squared", target)]


def _stages(scenario: Scenario) -> list[FieldError]:
    stages = scenario.pipeline.stages
    if not isinstance(stages, list):
        return []
    errors = []
    stage_of: dict[str, int] = {}
    for number, layers in enumerate(stages):
        if not layers:
            errors.append(FieldError(("pipeline", "stages", number), f"stage {number + 1} holds no layer"))
        for place, layer in enumerate(layers):
            if layer in stage_of:
                what = f"layer already stands in stage {stage_of[layer]}"
                errors.append(FieldError(("pipeline", "stages", number, place), what, layer))
            stage_of.setdefault(layer, number + 1)
    return errors
