"""Good scenarios, as texts with the files beside them, and random ones as typed values."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

MODEL = """\
name: mlp
input: [64]
layers:
  - {name: fc1, type: dense, outputs: 16}
  - {name: act, type: sigmoid}
  - {name: fc2, type: dense, outputs: 16, bias: analog}
  - {name: sum, type: add, inputs: [act, fc2]}
  - {name: out, type: dense, outputs: 10, bias: none, init_range: 1e-1}
"""

CHAIN = """\
name: chain-4
seed: 3
model: {chain: 4}
hardware:
  timing:
    stages:
      - {forward: 2, backward: 3, update: 1}
      - {forward: 1}
pipeline: {stages: 4, schedule: async-greedy, max_in_flight: [4, 3, 2, 1]}
training: {samples: 64}
trace: {ops: 1000}
"""

TRAINED = """\
# A scenario that uses every part.
name: digits_async.1
model: m.yaml
data: {name: digits, train: 1000, test: 300}
hardware:
  timing: {clock_ns: 5.0, forward_ns: 130.0, backward_ns: 130.0, update_ns: 31.5}
  tile: &square {rows: 32, columns: 32}
  link: {latency: 2, bandwidth: 0.5, capacity: 4}
  device: soft-bounds
  io: {inp_noise: 1e-2, is_perfect: false}
  pulses: {desired_bl: 31}
  mapping: {weight_scaling_omega: 0}
pipeline:
  stages: [[fc1, act], [fc2, sum], [out]]
  schedule: s.csv
  micro_batch: 2
  micro_batches: 3
training:
  algorithm: {name: analog-sgd}
  learning_rate: {initial: 0.1, factor: 0.5, every_epochs: 4}
  epochs: 2
  target_accuracy: 0.9
evaluation: {io: perfect}
"""

TABLE = "0F0, 0F1, 0B0, 0B1\n1F0, 1B0, 1F1, 1B1\n2F0, 2B0, 2F1, 2B1\n"

FILES = {"m.yaml": MODEL, "s.csv": TABLE}

_names = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,12}", fullmatch=True)
_counts = st.integers(1, 2**20)
_positive = st.floats(0, 1e12, exclude_min=True)
_texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
_tables = st.lists(st.lists(st.sampled_from(["0F0", "1B2", "", "12U345"]), max_size=4), min_size=1, max_size=4)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


_steps = st.integers(1, 2**16)
_kernels = _steps | st.lists(_steps, min_size=2, max_size=2)
_layers = st.one_of(
    st.fixed_dictionaries(
        {"name": _names, "type": st.just("dense"), "outputs": _counts},
        optional={"bias": st.sampled_from(["analog", "digital", "none"]), "init_range": st.none() | _positive},
    ),
    st.fixed_dictionaries({"name": _names, "type": st.just("add"), "inputs": st.lists(_names, min_size=2)}),
    st.fixed_dictionaries(
        {
            "name": _names,
            "type": st.just("conv2d"),
            "outputs": _steps,
            "kernel": _steps | st.tuples(_steps, _steps).map(list),
        },
        optional={"padding": _steps, "groups": _steps, "digital": st.booleans()},
    ),
    st.fixed_dictionaries({"name": _names, "type": st.sampled_from(["batch-norm", "flatten", "dropout"])}),
)
_models = st.builds(lambda chain: {"chain": chain}, st.integers(1, 1024)) | st.fixed_dictionaries(
    {"input": st.lists(_counts, min_size=1, max_size=3), "layers": st.lists(_layers, min_size=1, max_size=4)},
    optional={"name": _names, "loss": st.sampled_from(["cross-entropy", "squared"])},
)
_hardware = _some(
    timing=_names
    | st.just({"stages": [{"forward": 2}]})
    | _some(forward=_counts, clock_ns=_positive)
    | st.fixed_dictionaries({"clock_ns": _positive, "forward_ns": _positive, "backward_ns": _positive}),
    tile=_some(rows=_counts, columns=_counts),
    device=st.just("ideal") | st.builds(lambda w_max: {"name": "soft-bounds", "w_max": w_max}, _positive),
    io=_some(out_noise=_positive, is_perfect=st.booleans()),
)
_pipeline = _some(
    stages=st.just("auto") | st.integers(1, 1024) | st.just([["a"], ["b", "c"]]),
    schedule=_texts.filter(lambda text: not text.lower().endswith(".csv"))
    | st.builds(lambda table: {"table": table}, _tables),
    max_in_flight=st.none() | st.sampled_from(["M-m+1", "unbounded"]) | _counts | st.lists(_counts, min_size=1),
)
#: Data of good scenarios: what `scenario_from_data` takes.
scenario_data = st.fixed_dictionaries(
    {
        "name": _names,
        "model": _models,
        "training": st.fixed_dictionaries(
            {"samples": _counts},
            optional={
                "learning_rate": _positive
                | st.builds(lambda rate: {"initial": rate, "factor": 0.5, "every_epochs": 2}, _positive),
                "algorithm": st.sampled_from(["digital-sgd", "analog-sgd"]),
            },
        ),
    },
    optional={"seed": st.integers(0, 10**12), "hardware": _hardware, "pipeline": _pipeline},
)
