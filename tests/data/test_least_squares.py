from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy import stats

from aimcsim.data.least_squares import fresh_noise
from aimcsim.data.load import load_dataset
from aimcsim.scenario.data_spec import DataSpec, LeastSquaresSpec

#: Each interval below is left with this probability by a right program; the seeds are fixed, so it holds once for all.
FALSE_ALARM = 1e-4


def inside(value: float, degrees: int) -> bool:
    """Whether a sum of squares lies in the central interval of chi squared."""
    low, high = stats.chi2.interval(1 - FALSE_ALARM, degrees)
    return bool(low < value < high)


def problem(train: int, test: int = 3, **fields: float) -> DataSpec:
    return DataSpec(name="least-squares", train=train, test=test, problem=LeastSquaresSpec.model_validate(fields))


def test_the_default_is_the_papers_problem_with_100_samples_each() -> None:
    data = load_dataset(DataSpec(name="least-squares"), seed=0)
    assert (data.train_x.shape, data.train_y.shape, data.classes) == ((100, 40), (100, 1), None)
    assert (data.test_x.shape, data.test_y.shape) == ((100, 40), (100, 1))
    assert data.train_y.dtype == np.float32


def test_inputs_are_gaussian_of_the_given_width() -> None:
    data = load_dataset(problem(500, input_std=2.0), seed=3)
    assert inside(float(np.square(data.train_x.astype(float) / 2).sum()), 500 * 40)
    assert stats.kstest(data.train_x.ravel() / 2, "norm").pvalue > FALSE_ALARM


def test_the_residuals_of_the_best_fit_have_the_noise_s_variance() -> None:
    data = load_dataset(problem(400, inputs=30, outputs=5, noise_std=0.3), seed=4)
    _, residuals, _, _ = np.linalg.lstsq(data.train_x.astype(float), data.train_y.astype(float), rcond=None)
    # Sum of squared residuals / sigma² of a fit of 30 weights to 400 samples: chi squared, 370 degrees an output.
    assert inside(float(residuals.sum()) / 0.3**2, 5 * (400 - 30))


def test_without_noise_the_weights_come_back_with_their_width_and_hold_for_the_test_part() -> None:
    data = load_dataset(problem(60, 20, inputs=40, outputs=50, weight_std=0.45, noise_std=0.0), seed=5)
    weights, _, rank, _ = np.linalg.lstsq(data.train_x.astype(float), data.train_y.astype(float), rcond=None)
    assert rank == 40
    # Targets of about 3 rounded to float32 leave errors of some 1e-7.
    np.testing.assert_allclose(data.test_x @ weights, data.test_y, atol=1e-5)
    assert inside(float(np.square(weights / 0.45).sum()), 40 * 50)


def test_inputs_noise_and_weights_are_independent_draws() -> None:
    data = load_dataset(problem(400, 400, inputs=2), seed=6)
    weights = np.linalg.lstsq(data.train_x.astype(float), data.train_y.astype(float), rcond=None)[0]
    draws = {
        "train inputs": data.train_x.ravel()[:400],
        "test inputs": data.test_x.ravel()[:400],
        "train noise": (data.train_y - data.train_x @ weights).ravel(),
        "test noise": (data.test_y - data.test_x @ weights).ravel(),
    }
    # A stream used twice would give the same numbers in the same order: a rank correlation of 1.
    for (one, a), (other, b) in combinations(draws.items(), 2):
        assert stats.spearmanr(a, b).pvalue > FALSE_ALARM, (one, other)


def test_the_problem_belongs_to_the_seed() -> None:
    one, same, other = (load_dataset(problem(10), seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.train_y, same.train_y)
    assert np.array_equal(one.test_y, same.test_y)
    assert not np.intersect1d(one.train_x, other.train_x).size


def test_asking_for_more_samples_adds_to_the_end() -> None:
    long = load_dataset(problem(60, 40, outputs=3), seed=7)
    for train, test in ((1, 2), (10, 5), (59, 39)):
        short = load_dataset(problem(train, test, outputs=3), seed=7)
        assert np.array_equal(long.train_x[:train], short.train_x)
        assert np.array_equal(long.train_y[:train], short.train_y)
        assert np.array_equal(long.test_x[:test], short.test_x)
        assert np.array_equal(long.test_y[:test], short.test_y)


def test_fresh_noise_is_gaussian_keyed_by_the_number_of_the_visit_alone() -> None:
    fields = LeastSquaresSpec.model_validate({"outputs": 3, "fresh_noise_std": 0.2})
    whole = fresh_noise(fields, 4, 0, 3000)
    assert inside(float(np.square(whole.astype(float) / 0.2).sum()), 9000)
    np.testing.assert_array_equal(fresh_noise(fields, 4, 1000, 1100), whole[1000:2100])
    assert np.unique(whole).size > 8990
    assert not np.array_equal(fresh_noise(fields, 5, 0, 10), whole[:10])
