"""An imported network: checked, and written as a model file and a file of weights."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
from numpy.typing import NDArray

from aimcsim.errors import FieldErrors, ImportFailed, harmless
from aimcsim.network.graph import Network, build_network
from aimcsim.network.weight_files import shapes_of_weights, write_weights
from aimcsim.onnx_import.convert import Conversion
from aimcsim.onnx_import.names import Names
from aimcsim.onnx_import.nodes import read_graph
from aimcsim.scenario.dump import plain_yaml
from aimcsim.scenario.model_spec import NetworkSpec


@dataclass(frozen=True)
class ImportedModel:
    """`model`: what the model file holds; `weights`: initial values, by the names of `network.weight_files`."""

    model: dict[str, Any]
    weights: dict[str, NDArray[np.float32]]
    network: Network

    def write(self, model_file: Path, weights_file: Path, source: str) -> None:
        """Write both files; `source` is named in a comment."""
        head = f"# Imported from {harmless(source)}; its weights: training.initial_weights: {weights_file.name}\n"
        # The weights first: a model file is there only where its weights are.
        write_weights(weights_file, self.weights)
        model_file.write_text(head + plain_yaml(self.model), encoding="utf-8")


def import_onnx(file: str | os.PathLike[str]) -> ImportedModel:
    """The network in an ONNX file. Raises ImportFailed, with all of its operations that aimcsim has not."""
    path = Path(file)
    graph = read_graph(path)
    conversion = Conversion(graph)
    try:
        conversion.run()
        model = {"name": Names().free(path.stem), "input": list(graph.shape), "layers": conversion.layers}
        network = build_network(NetworkSpec.model_validate(model))
    except ImportFailed as error:
        raise ImportFailed(f"{path}: {error}") from None
    except (FieldErrors, pydantic.ValidationError) as error:
        raise ImportFailed(f"{path}: cannot be imported: {error}") from None
    expected = shapes_of_weights(network.layers.values())
    found = {name: values.shape for name, values in conversion.weights.items()}
    if expected != found:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise ImportFailed(f"{path}: cannot be imported: the weights of {', '.join(wrong[:5])} do not fit their layers")
    return ImportedModel(model, conversion.weights, network)
