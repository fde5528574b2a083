"""Short ways to write models in tests."""

from __future__ import annotations

from typing import Any

from aimcsim.errors import FieldErrors
from aimcsim.network.graph import Network, build_network
from aimcsim.scenario.model_spec import NetworkSpec

Layer = dict[str, Any]


def dense(name: str, outputs: int, *inputs: str, **rest: Any) -> Layer:
    return {"name": name, "type": "dense", "outputs": outputs, **_inputs(inputs), **rest}


def tanh(name: str, *inputs: str) -> Layer:
    return {"name": name, "type": "tanh", **_inputs(inputs)}


def add(name: str, *inputs: str) -> Layer:
    return {"name": name, "type": "add", "inputs": list(inputs)}


def _inputs(names: tuple[str, ...]) -> Layer:
    return {"inputs": list(names)} if names else {}


def build(*layers: Layer, shape: tuple[int, ...] = (4,), loss: str = "squared") -> Network:
    return build_network(NetworkSpec.model_validate({"input": list(shape), "layers": list(layers), "loss": loss}))


def errors_of(*layers: Layer, shape: tuple[int, ...] = (4,), loss: str = "squared") -> dict[str, str]:
    """What is wrong with a model: dotted path below `model` to message, which may hold several lines."""
    try:
        build(*layers, shape=shape, loss=loss)
    except FieldErrors as found:
        paths = [error.path for error in found.errors]
        assert all(path[0] == "model" for path in paths)
        assert len(set(paths)) == len(paths), "one message a field"
        return {".".join(map(str, error.path[1:])): error.what for error in found.errors}
    return {}
