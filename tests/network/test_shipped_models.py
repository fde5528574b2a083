from __future__ import annotations

from pathlib import Path
from typing import get_args

import networkx as nx
import pytest
import yaml

from aimcsim.data.fit import check_data_fits
from aimcsim.network.graph import Network, build_network
from aimcsim.network.layers import Dense
from aimcsim.scenario.data_spec import DataSpec
from aimcsim.scenario.model_spec import NetworkSpec

MODELS = Path(__file__).parents[2] / "models"
IMAGES = {"fcn-784-256-128-10"}


def shipped(name: str) -> Network:
    return build_network(NetworkSpec.model_validate(yaml.safe_load((MODELS / f"{name}.yaml").read_text())))


def sizes(network: Network) -> list[int]:
    dense = [layer for layer in network.layers.values() if isinstance(layer, Dense)]
    return [dense[0].in_size, *(layer.out_size for layer in dense)]


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_model_builds_bears_the_name_of_its_file_and_fits_its_data(path: Path) -> None:
    spec = NetworkSpec.model_validate(yaml.safe_load(path.read_text()))
    assert spec.name == path.stem
    data = ["mnist", "fashion-mnist"] if path.stem in IMAGES else ["digits"]
    for name in data:
        assert name in get_args(DataSpec.model_fields["name"].annotation)
        assert check_data_fits(DataSpec.model_validate({"name": name}), build_network(spec)) == []


def test_the_models_have_the_sizes_of_their_names() -> None:
    assert sizes(shipped("fcn-784-256-128-10")) == [784, 256, 128, 10]
    assert sizes(shipped("digits-mlp")) == [64, 48, 32, 10]
    assert sizes(shipped("deep-mlp-8")) == [64, 64, 64, 64, 64, 64, 64, 64, 10]


def test_the_residual_model_has_the_topology_that_its_picture_shows() -> None:
    network = shipped("residual-mlp")
    row = ["input", "stem", "act0", "a1", "act1", "a2", "add1", "b1", "act2", "b2", "add2", "head", "loss"]
    skips = {("act0", "add1"), ("act0", "add2"), ("add1", "add2")}
    assert set(network.graph.edges) == set(nx.utils.pairwise(row)) | skips
    assert network.order == tuple(row[1:-1])


def test_the_skips_of_the_residual_model_pass_over_dense_layers() -> None:
    network = shipped("residual-mlp")

    def dense_between(start: str, end: str) -> list[str]:
        inside = network.order[network.order.index(start) + 1 : network.order.index(end)]
        return [name for name in inside if network.layers[name].is_array]

    assert dense_between("act0", "add1") == ["a1", "a2"]
    assert dense_between("act0", "add2") == ["a1", "a2", "b1", "b2"]
