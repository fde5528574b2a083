"""The least-squares problem of the analog training papers: targets = W* x + noise, all Gaussian.

Shape of the problem after arXiv 2406.12774 and 2502.06309.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aimcsim.data.dataset import Dataset
from aimcsim.data.visits import of_visits
from aimcsim.keys import stream
from aimcsim.scenario.data_spec import LeastSquaresSpec

DEFAULT_COUNT = 100

#: Columns of metrics.csv that say how far a network is from the optimum, which this problem knows.
OPTIMUM_COLUMNS = ("excess_loss", "squared_gradient", "squared_distance", "largest_weight")


def make_least_squares(problem: LeastSquaresSpec, train: int, test: int, seed: int) -> Dataset:
    """`train` and `test` fresh samples of the problem that belongs to `seed`.

    W* (outputs, inputs), inputs and noise have streams of their own and are drawn sample by sample: asking for more
    samples adds to the end and changes nothing else. Sums are taken in float64 and rounded once.
    """
    weights = _normal(seed, "weights", (problem.outputs, problem.inputs), problem.weight_std)
    train_x, train_y = _samples(problem, weights, train, seed, "train")
    test_x, test_y = _samples(problem, weights, test, seed, "test")
    return Dataset("least-squares", train_x, train_y, test_x, test_y, None)


def fresh_noise(problem: LeastSquaresSpec, seed: int, first: int, count: int) -> NDArray[np.float32]:
    """Noise of the targets of samples number first … first + count - 1 of the stream, (count, outputs).

    A sample that comes round again in the next epoch has another number, and other noise. Mean zero, so that it is
    noise of the gradient and moves no optimum: of a sample x its part is −noise·x.
    """

    def drawn(block: int, shape: tuple[int, int]) -> NDArray[np.float64]:
        return problem.fresh_noise_std * stream(seed, "least-squares", "fresh noise", block).standard_normal(shape)

    return of_visits(first, count, problem.outputs, drawn).astype(np.float32)


def _samples(
    problem: LeastSquaresSpec, weights: NDArray[np.float64], count: int, seed: int, part: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    # Rounded before the product: the targets belong to the inputs that the network will see.
    x = _normal(seed, f"{part}-inputs", (count, problem.inputs), problem.input_std).astype(np.float32)
    noise = _normal(seed, f"{part}-noise", (count, problem.outputs), problem.noise_std)
    # einsum sums each target in one order; a BLAS product would round it differently for another number of rows.
    return x, (np.einsum("ni,oi->no", x, weights) + noise).astype(np.float32)


def _normal(seed: int, purpose: str, shape: tuple[int, int], std: float) -> NDArray[np.float64]:
    return std * stream(seed, "least-squares", purpose).standard_normal(shape)
