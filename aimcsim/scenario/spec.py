"""The scenario: the typed root of a scenario file."""

from __future__ import annotations

from pydantic import Field

from aimcsim.scenario.base import NonNegativeInt, RunName, Spec
from aimcsim.scenario.data_spec import DataSpec
from aimcsim.scenario.hardware_spec import HardwareSpec
from aimcsim.scenario.model_spec import ModelSpec
from aimcsim.scenario.pipeline_spec import PipelineSpec
from aimcsim.scenario.training_spec import EvaluationSpec, TraceSpec, TrainingSpec


class Scenario(Spec):
    """One run of the simulator, complete: what `aimcsim run` simulates and writes back into the run folder."""

    name: RunName
    seed: NonNegativeInt = 0
    model: ModelSpec = Field(
        description="path of a model file relative to the scenario file, or inline layers, or chain: M"
    )
    data: DataSpec = DataSpec(name="none")
    hardware: HardwareSpec = HardwareSpec()
    pipeline: PipelineSpec = PipelineSpec()
    training: TrainingSpec = TrainingSpec()
    evaluation: EvaluationSpec = EvaluationSpec()
    trace: TraceSpec = TraceSpec()
