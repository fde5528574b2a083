"""ONNX files: what PyTorch has exported computes here what it computes there. See onnx_files/make_files.py."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from aimcsim.assembly import assemble  # noqa: E402
from aimcsim.data.dataset import Dataset  # noqa: E402
from aimcsim.errors import ImportFailed, ScenarioError  # noqa: E402
from aimcsim.loading import load_scenario  # noqa: E402
from aimcsim.onnx_import.model_file import import_onnx  # noqa: E402
from aimcsim.scenario.base import NAME_PATTERN  # noqa: E402
from aimcsim.training.learned import CopiedVectors  # noqa: E402
from aimcsim.training.micro_batch import MicroBatch  # noqa: E402
from aimcsim.training.session import TrainingSession  # noqa: E402

FILES = Path(__file__).parent / "onnx_files"
#: Names of the layers of each file, which come from PyTorch's names.
NETWORKS = {
    "lenet": "0 tanh pool 3 tanh-2 pool-2 flatten 7 relu 10",
    "residual": "stem norm relu grouped sigmoid add down wide tanh concatenate pool pool-2 mean flatten last",
    "residual-optimised": "stem relu grouped sigmoid add down wide tanh concatenate pool pool-2 mean flatten last",
    "products": "first sigmoid second",
}
SCENARIO = """\
name: imported
model: net.yaml
hardware: {device: ideal, io: {is_perfect: true}}
training: {algorithm: digital-sgd, samples: 4, initial_weights: net.npz}
pipeline: {micro_batch: 2, stages: 1}
"""


def imported(name: str, folder: Path) -> Path:
    """The scenario of a network imported into `folder`."""
    import_onnx(FILES / f"{name}.onnx").write(folder / "net.yaml", folder / "net.npz", name)
    (folder / "scenario.yaml").write_text(SCENARIO)
    return folder / "scenario.yaml"


def outputs(scenario_file: Path, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What the network makes of `x` in an evaluation."""
    session = session_of(scenario_file, x)
    copies = session.executor.copy_chunk(0)
    program = session._program
    batch = MicroBatch(program, 0, x.reshape(len(x), -1), np.zeros(len(x), np.int64), CopiedVectors(copies))
    for layer in program.layers:
        if layer.weighted is not None:
            session._evaluator._run_layer(batch, layer, copies, 0)
    return np.asarray(batch.value(program.output))


def session_of(scenario_file: Path, x: np.ndarray[Any, Any]) -> TrainingSession:
    assembly = assemble(load_scenario(scenario_file))
    labels = np.zeros(len(x), np.int64)
    return TrainingSession(assembly, Dataset("none", x, labels, x, labels, 3))


def log_softmax(y: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    shifted = y - y.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


@pytest.mark.parametrize("name", NETWORKS)
def test_an_imported_network_computes_what_pytorch_computes(name: str, tmp_path: Path) -> None:
    stored = np.load(FILES / f"{name}.npz")
    found = outputs(imported(name, tmp_path), stored["x"])
    if name != "lenet":
        found = log_softmax(found)
    # Sums of some 100 products of size 1 in float32, in another order: some 1e-6.
    np.testing.assert_allclose(found, stored["y"], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_bear_the_names_of_the_modules(name: str) -> None:
    layers = import_onnx(FILES / f"{name}.onnx").model["layers"]
    assert " ".join(layer["name"] for layer in layers) == NETWORKS[name]


def test_a_run_begins_with_the_imported_weights_and_moments(tmp_path: Path) -> None:
    file = imported("residual", tmp_path)
    session = session_of(file, np.load(FILES / "residual.npz")["x"])
    begun, stored = session.final_weights(), np.load(tmp_path / "net.npz")
    assert begun.keys() == set(stored.files)
    assert all(np.array_equal(begun[name], stored[name]) for name in begun)
    kernels = next(
        numpy_helper.to_array(each)
        for each in onnx.load(FILES / "residual.onnx").graph.initializer
        if each.name == "grouped.weight"
    )
    assert np.array_equal(begun["grouped"], kernels.reshape(4, 6))
    assert np.abs(begun["norm.mean"]).min() > 0.0


def test_all_that_is_unsupported_is_named_at_once() -> None:
    with pytest.raises(ImportFailed) as error:
        import_onnx(FILES / "unknown.onnx")
    text = str(error.value)
    assert "the operation Gelu" in text
    assert "the operation PRelu" in text
    assert "Conv with dilations [2, 2]" in text


def made(path: Path, nodes: list[Any], constants: dict[str, Any], output: str = "y") -> Path:
    """A graph of one input x (batch, 2, 6, 6) written by hand."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "by hand",
        [value("x", TensorProto.FLOAT, ["N", 2, 6, 6])],
        [value(output, TensorProto.FLOAT, ["N", "M"])],
        [numpy_helper.from_array(np.asarray(each), name) for name, each in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def node(op: str, inputs: str, output: str, **attributes: Any) -> Any:
    return helper.make_node(op, inputs.split(), [output], **attributes)


def test_hostile_and_equal_names_become_names_that_a_scenario_allows(tmp_path: Path) -> None:
    names = ["\x1b[31m/../../etc", "loss", "loss!", "ä" * 300, "input", "l" * 300]
    nodes = [node("Flatten", "x", "v0")]
    constants = {}
    for number, name in enumerate(names):
        weight = f"{name}.weight"
        constants[weight] = np.ones((2, 72 if number == 0 else 2), np.float32)
        nodes.append(helper.make_node("Gemm", [f"v{number}", weight], [f"v{number + 1}"], transB=1))
    file = made(tmp_path / "a b\x07.onnx", nodes, constants, f"v{len(names)}")
    found = import_onnx(file)
    given = [layer["name"] for layer in found.model["layers"]]
    assert given == ["flatten", "31m-etc", "loss-2", "loss-3", "layer", "input-2", "l" * 56]
    assert all(re.match(NAME_PATTERN, name) for name in [*given, found.model["name"]])
    found.write(tmp_path / "net.yaml", tmp_path / "net.npz", file.name)
    assert yaml.safe_load((tmp_path / "net.yaml").read_text()) == found.model


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (
            [node("AveragePool", "x", "y", kernel_shape=[2, 2], pads=[1, 1, 1, 1])],
            "AveragePool that leaves its padding",
        ),
        ([node("MaxPool", "x", "y", kernel_shape=[2, 2], ceil_mode=1)], "MaxPool with ceil_mode"),
        ([node("MaxPool", "x", "y", kernel_shape=[2, 2], pads=[0, 0, 1, 1])], "padding that differs from side to side"),
        ([node("MaxPool", "x", "y", kernel_shape=[2, 2], auto_pad="SAME_UPPER")], "auto_pad SAME_UPPER"),
        ([node("Concat", "x x", "y", axis=2)], "Concat along another dimension"),
        ([node("Softmax", "x", "v"), node("Relu", "v", "y")], "Softmax before the end"),
        ([node("Add", "x c", "y")], "Add of a constant"),
        ([node("Conv", "x x", "y")], "Conv with weights that are no constants"),
        ([node("Reshape", "x s", "y")], "Reshape to 3 dimensions"),
        ([node("Identity", "x", "y")], "an output that no layer makes"),
    ],
)
def test_what_a_layer_cannot_do_is_refused(nodes: list[Any], message: str, tmp_path: Path) -> None:
    constants = {"c": np.ones((1, 2, 1, 1), np.float32), "s": np.array([1, 2, -1], np.int64)}
    with pytest.raises(ImportFailed, match=message.replace("(", "\\(")):
        import_onnx(made(tmp_path / "net.onnx", nodes, constants))


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"name: x\n", b"\xff" * 100])
def test_a_file_that_is_no_network_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(ImportFailed, match=r"net\.onnx"):
        import_onnx(tmp_path / "net.onnx")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="no such file"):
        import_onnx(tmp_path / "net.onnx")


def test_initial_weights_are_found_beside_the_scenario_and_stay_found_in_its_run_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = imported("products", tmp_path)
    monkeypatch.chdir(tmp_path.parent)
    scenario = load_scenario(Path(tmp_path.name) / file.name)
    assert scenario.training.initial_weights == str(tmp_path / "net.npz")


def test_weights_that_do_not_fit_are_reported_at_their_place_in_the_scenario(tmp_path: Path) -> None:
    file = imported("lenet", tmp_path)
    (tmp_path / "net.npz").unlink()
    with pytest.raises(ScenarioError, match=r"scenario\.yaml:4:\d+: training\.initial_weights: no such file"):
        load_scenario(file)
    shutil.copy(FILES / "lenet.npz", tmp_path / "net.npz")
    with pytest.raises(ScenarioError, match=r"does not fit the model: it lacks 0, 0\.bias, 3, 3\.bias, 7 and 3 more"):
        load_scenario(file)
    found = import_onnx(FILES / "lenet.onnx")
    broken = {**found.weights, "7": found.weights["7"][:, :15]}
    dataclasses.replace(found, weights=broken).write(tmp_path / "net.yaml", tmp_path / "net.npz", "x")
    with pytest.raises(ScenarioError, match=r"it has 7 of the shape \(12, 15\), the model \(12, 16\)"):
        load_scenario(file)
    (tmp_path / "net.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ScenarioError, match=r"is no \.npz file of weights"):
        load_scenario(file)


def test_a_dropout_that_the_graph_has_kept_is_trained_with(tmp_path: Path) -> None:
    constants = {"r": np.float32(0.1), "c.weight": np.ones((3, 72), np.float32)}
    nodes = [node("Flatten", "x", "a"), node("Dropout", "a r", "b"), node("Gemm", "b c.weight", "y", transB=1)]
    layers = import_onnx(made(tmp_path / "net.onnx", nodes, constants)).model["layers"]
    assert layers[1] == {"name": "dropout", "type": "dropout", "probability": 0.1}
    assert layers[2] == {"name": "c", "type": "dense", "outputs": 3, "bias": "none"}
