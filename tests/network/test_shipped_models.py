from __future__ import annotations

from pathlib import Path
from typing import get_args

import networkx as nx
import pytest
import yaml

from aimcsim.data.fit import check_data_fits
from aimcsim.network.graph import Network, build_network
from aimcsim.network.layers import BatchNorm, Dense, Weighted
from aimcsim.scenario.data_spec import DataSpec
from aimcsim.scenario.model_spec import NetworkSpec

MODELS = Path(__file__).parents[2] / "models"
IMAGES = {"fcn-784-256-128-10", "lenet-5", "cnn-16-32", "vgg-8-grey", "resnet-18-grey"}
#: No data set of these sizes is there yet.
LARGE = {"vgg-8", "resnet-10", "resnet-18", "resnet-34"}


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
    for name in data if path.stem not in LARGE else []:
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


def parameters(network: Network) -> int:
    """Weights, biases, scales and shifts."""
    found = 0
    for layer in network.layers.values():
        if isinstance(layer, Weighted):
            found += layer.out_size * (layer.in_size + (layer.bias != "none"))
        elif isinstance(layer, BatchNorm):
            found += 2 * layer.shape[0]
    return found


def residual_parameters(blocks: tuple[int, ...]) -> int:
    """Convolutions 3 × 3 without bias, each with a norm of 2 numbers a channel; 1 × 1 on the skips that change size."""
    found, width = 3 * 64 * 9 + 2 * 64, 64
    for group, count in enumerate(blocks):
        out = 64 * 2**group
        for _ in range(count):
            found += 9 * width * out + 9 * out * out + 2 * 2 * out
            found += width * out + 2 * out if width != out else 0
            width = out
    return found + 10 * (512 + 1)


def test_the_convolutional_models_have_the_parameters_of_their_publications() -> None:
    # 6·(25+1) + 16·(6·25+1) + 120·401 + 84·121 + 10·85
    assert parameters(shipped("lenet-5")) == 156 + 2416 + 48120 + 10164 + 850 == 61706
    # 16·26 + 32·(16·25+1) + 128·513 + 10·129: the papers' 80.2 K.
    assert parameters(shipped("cnn-16-32")) == 416 + 12832 + 65664 + 1290 == 80202
    pairs = [(3, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    convolutions = sum(9 * before * after + 2 * after for before, after in pairs)
    assert parameters(shipped("vgg-8")) == convolutions + 1024 * (512 * 16 + 1) + 10 * 1025
    for depth, blocks in (("10", (1, 1, 1, 1)), ("18", (2, 2, 2, 2)), ("34", (3, 4, 6, 3))):
        network = shipped(f"resnet-{depth}")
        assert parameters(network) == residual_parameters(blocks)
        # Its name counts the first convolution, two a block and the dense layer.
        assert 2 + 2 * sum(blocks) == int(depth)
    # What the usual implementations of ResNet-18 for CIFAR have.
    assert parameters(shipped("resnet-18")) == 11_173_962
    # Two channels fewer under each kernel of the first convolution.
    assert parameters(shipped("vgg-8-grey")) == parameters(shipped("vgg-8")) - 2 * 9 * 128 == 12_975_754
    assert parameters(shipped("resnet-18-grey")) == parameters(shipped("resnet-18")) - 2 * 9 * 64 == 11_172_810


@pytest.mark.parametrize("name", ["vgg-8", "resnet-18"])
def test_behind_its_first_convolution_a_grey_model_is_the_one_of_its_name_but_for_what_is_digital(name: str) -> None:
    colour, grey = (yaml.safe_load((MODELS / f"{each}.yaml").read_text()) for each in (name, f"{name}-grey"))
    assert (colour["layers"][0]["padding"], grey["layers"][0]["padding"]) == (1, 3)
    assert shipped(name).layers["conv1"].shape == shipped(f"{name}-grey").layers["conv1"].shape
    kept = [layer.pop("digital", False) for layer in grey["layers"]]
    assert colour["layers"][1:] == grey["layers"][1:]
    digital = {layer["name"] for layer, is_digital in zip(grey["layers"], kept, strict=True) if is_digital}
    convolutions = {layer["name"] for layer in grey["layers"] if layer["type"] == "conv2d"}
    first = {each for each in convolutions if each.startswith(("conv1", "l1", "l2"))}
    assert digital == (first if name == "resnet-18" else set())


def test_the_convolutional_models_have_the_shapes_of_their_publications() -> None:
    lenet, cnn, vgg, residual = (shipped(name) for name in ("lenet-5", "cnn-16-32", "vgg-8", "resnet-34"))
    assert [lenet.layers[n].shape for n in ("conv1", "pool1", "conv2", "pool2", "flat")] == [
        (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (400,),
    ]  # fmt: skip
    assert [cnn.layers[n].shape for n in ("conv1", "conv2", "flat")] == [(16, 24, 24), (32, 8, 8), (512,)]
    assert cnn.layers["conv1"].positions == 576
    assert [vgg.layers[n].shape for n in ("pool1", "pool2", "pool3", "flat")] == [
        (128, 16, 16), (256, 8, 8), (512, 4, 4), (8192,),
    ]  # fmt: skip
    ends = ["l1b3-act2", "l2b4-act2", "l3b6-act2", "l4b3-act2", "pool"]
    assert [residual.layers[n].shape for n in ends] == [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (512,)]
