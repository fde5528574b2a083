"""The closed form of a train's pulses: its moments, its law of one pulse, bounds, repeatability, the choice of mode."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
import pytest
from scipy import stats

from aimcsim.crossbar import AnalogTile
from aimcsim.crossbar.cell_fall import LARGEST_NORMAL, cell_word, fall, far_fall, light_normal, scaled_normal
from aimcsim.crossbar.closed_form import AUTO_LIMIT, COARSE_LIMIT, moment_errors, takes_closed_form
from aimcsim.crossbar.counter_hash import row_keys, sample_keys, word
from aimcsim.crossbar.devices import make_devices
from aimcsim.crossbar.single_pulse_rows import noisy_step
from aimcsim.crossbar.single_pulses import RARELY_BACKWARD, visits_of
from aimcsim.scenario.device_spec import IdealDevice, SoftBoundsDevice
from aimcsim.scenario.hardware_spec import MappingSpec, PulseSpec
from tests.crossbar.helpers import UNSCALED, equal_cells, mean_z, normal_limit, unscaled_tile, variance_z

TAU = 0.5
#: Largest difference of `light_normal`'s distribution function from the normal one: steps of its 8191 values included.
LIGHT_DISTANCE = 0.0023
FALSE_ALARM = 1e-6

Stepping = Literal["auto", "exact", "closed-form"]


def distances_left(a: float, noise: float, n: int, stepping: Stepping, mult: bool = True, seed: int = 0) -> np.ndarray:
    """(b − w)/(b − w₀) of 300 × 500 equal cells after a train of exactly n coincidences upward from w₀ = −0.2."""
    device = equal_cells(a * TAU, TAU, dw_min_std=noise, mult_noise=mult)
    pulses = PulseSpec(desired_bl=n, update_management=False, update_bl_management=False, stepping=stepping)
    tile = unscaled_tile(device, pulses, np.full((300, 500), -0.2), seed)
    # Probabilities min(1, √(rate/(Δ·n))) are 1 at this rate: every slot is a coincidence.
    assert tile.update(np.ones((1, 500)), -np.ones((1, 300)), 2.0 * a * TAU * n) == n
    return ((TAU - tile.weights) / (TAU + 0.2)).astype(np.float64)


@pytest.mark.parametrize(("a", "noise"), [(0.002, 0.3), (0.02, 0.3), (0.02, 1.0), (0.049, 0.3)])
@pytest.mark.parametrize("n", [2, 7, 31, 100])
def test_mean_and_spread_after_n_pulses_are_those_of_the_exact_moments(a: float, noise: float, n: int) -> None:
    left = distances_left(a, noise, n, "closed-form")
    mean = (1.0 - a) ** n
    variance = ((1.0 - a) ** 2 + (a * noise) ** 2) ** n - mean**2
    mean_error, spread_error = moment_errors(a, noise, n)
    # Beside the derived errors: 1e-5 of the fall (polynomial) and of the spread (mean of light normals, float32).
    slack = abs(mean_error) * mean + 1e-5 * (1.0 - mean) + 1e-4 * np.sqrt(variance) + 1e-7
    limit = normal_limit(FALSE_ALARM, 2 * 16)
    assert abs(left.mean() - mean) <= slack + limit * np.sqrt(variance / left.size)
    spread_slack = 2.0 * abs(spread_error) + 2e-3
    kurtosis = stats.kurtosis(left.ravel())
    assert abs(left.var() / variance - 1.0) <= spread_slack + limit * np.sqrt((kurtosis + 2.0) / left.size)


@pytest.mark.parametrize("mult", [True, False])
@pytest.mark.parametrize(("a", "n"), [(0.005, 20), (0.02, 31), (0.02, 45)])
def test_the_closed_form_and_the_exact_mode_have_the_same_law(a: float, n: int, mult: bool) -> None:
    closed = distances_left(a, 0.3, n, "closed-form", mult).ravel()
    exact = distances_left(a, 0.3, n, "exact", mult, seed=1).ravel()
    limit = normal_limit(FALSE_ALARM, 12)
    assert abs(closed.mean() - exact.mean()) <= 2e-5 + limit * np.sqrt((closed.var() + exact.var()) / closed.size)
    assert abs(closed.var() / exact.var() - 1.0) <= 2e-3 + limit * np.sqrt(4.0 / closed.size)
    # Kolmogorov: P(D > d) <= 2·exp(−2 d² m) with m = half the number of cells. 0.003: skewness 3aσ/√n of the exact
    # law, over 6√(2π), is below 0.001 here.
    reach = np.sqrt(np.log(2.0 / (FALSE_ALARM / 6)) / closed.size)
    assert stats.ks_2samp(closed, exact).statistic <= LIGHT_DISTANCE + 0.003 + reach


@pytest.mark.parametrize("mult", [True, False])
def test_one_pulse_is_the_exact_step_with_normal_noise(mult: bool) -> None:
    a, noise = 0.01, 0.3
    left = distances_left(a, noise, 1, "closed-form", mult)
    # 1 − a(1 + σz·scale), scale = 1 or, additive, b/(b − w₀).
    scale = 1.0 if mult else TAU / (TAU + 0.2)
    z = (1.0 - left - a) / (a * noise * scale)
    limit = normal_limit(FALSE_ALARM, 4)
    assert abs(mean_z(z, 0.0)) <= limit + 1e-3 * np.sqrt(z.size)
    assert abs(variance_z(z, 1.0)) <= limit
    reach = np.sqrt(np.log(2.0 / FALSE_ALARM) / 2.0 / z.size)
    assert stats.kstest(z.ravel(), "norm").statistic <= LIGHT_DISTANCE + reach


def words(rows: int, columns: int, sample: int) -> np.ndarray:
    """Words of a block of cells, as the update makes them."""
    a, b = sample_keys(np.uint32(1), np.uint32(2), sample)
    c, d = row_keys(a, b, 0xFFFFFFFF)
    line = [word(c, d, np.uint32(j)) for j in range(columns)]
    keys = [row_keys(a, b, i) for i in range(rows)]
    return np.array([[cell_word(k0, k1, np.uint32(h)) for h in line] for k0, k1 in keys], dtype=np.uint32)


def test_light_normals_have_the_moments_that_their_documentation_says() -> None:
    # The difference s of two uniforms on 0…4095 has weight (4096 − |s|)/4096²: an exact expectation, no sample.
    s = np.arange(-4095, 4096)
    weight = (4096 - np.abs(s)) / 4096.0**2
    bits = (np.maximum(s, 0) << 20 | np.maximum(-s, 0) << 8).astype(np.uint32)
    z = np.array([light_normal(v) for v in bits], np.float64)
    moments = [float((weight * z**k).sum()) for k in range(1, 7)]
    np.testing.assert_allclose(moments[:5], [0.0, 1.0, 0.0, 3.0, 0.0], atol=1e-5)
    assert moments[5] == pytest.approx(14.368, abs=0.001)
    assert abs(z).max() < LARGEST_NORMAL
    # Steps of the distribution function, before and after each value of z.
    after = np.cumsum(weight)
    apart = np.maximum(abs(after - stats.norm.cdf(z)), abs(after - weight - stats.norm.cdf(z)))
    assert apart.max() <= LIGHT_DISTANCE


def test_scaled_normals_are_the_normals_times_sigma() -> None:
    for bits in np.random.default_rng(5).integers(0, 2**32, 1000, dtype=np.uint32):
        assert scaled_normal(bits, np.float32(0.3)) == pytest.approx(
            0.3 * float(light_normal(bits)), rel=1e-6, abs=1e-7
        )


def test_words_of_cells_where_two_rows_meet_two_columns_are_uncorrelated() -> None:
    # The words are products of something of the row and something of the column: what is left of that would show
    # in four cells at once. One normal statistic for each of 3 products: false alarm 1e-6.
    block = [words(150, 150, sample) for sample in range(6)]
    z = np.array([[light_normal(np.uint32(v)) for v in w.ravel()] for w in block], np.float64).reshape(6, 150, 150)
    for step in (1, 2, 75):
        product = z[:, :-step, :-step] * z[:, step:, :-step] * z[:, :-step, step:] * z[:, step:, step:]
        assert abs(mean_z(product.ravel(), 0.0)) <= normal_limit(1e-6, 3)


def test_noise_of_neighbouring_rows_columns_and_samples_is_uncorrelated() -> None:
    block = [words(150, 150, sample) for sample in range(6)]
    z = np.array([[light_normal(np.uint32(v)) for v in w.ravel()] for w in block], np.float64).reshape(6, 150, 150)
    pairs = [
        (z[:, :, :-1], z[:, :, 1:]),
        (z[:, :-1], z[:, 1:]),
        (z[:-1], z[1:]),
        (z[:, :-1, :-1], z[:, 1:, 1:]),
        (z[:, :-1] ** 2 - 1.0, z[:, 1:] ** 2 - 1.0),
        (z[:, :, :-1] ** 2 - 1.0, z[:, :, 1:] ** 2 - 1.0),
    ]
    limit = normal_limit(FALSE_ALARM, len(pairs) + 3)
    for one, other in pairs:
        assert abs(mean_z((one * other).ravel(), 0.0)) <= limit
    # Means of rows, of columns and of cells over samples: as many independent normals of the right variance.
    for axes in ((0, 1), (0, 2), (0,)):
        means = z.mean(axis=axes)
        assert abs(variance_z(means.ravel(), means.size / z.size)) <= limit


def test_the_fall_is_within_its_stated_error_over_its_range() -> None:
    for e in np.linspace(-0.3, 2.0, 4001).astype(np.float32):
        assert fall(e) == pytest.approx(-np.expm1(-np.float64(e)), rel=1.1e-5, abs=1e-9)
    for e in np.linspace(-5.0, 79.0, 4001).astype(np.float32):
        exact = -np.expm1(-np.float64(e))
        assert abs(far_fall(e) - exact) <= 7e-6 * max(1.0, abs(1.0 - exact))


@pytest.mark.parametrize("rate", [0.01, 0.05, 5.0])
@pytest.mark.parametrize("desired", [31, 200])
def test_bounds_are_never_crossed(rate: float, desired: int) -> None:
    rng = np.random.default_rng(5)
    # Cycle noise of 300 %: steps often go backward, and past the other bound if they could.
    device = SoftBoundsDevice(name="soft-bounds", dw_min_std=3.0)
    pulses = PulseSpec(desired_bl=desired, stepping="closed-form")
    tile = AnalogTile(70, 90, device=device, pulses=pulses, mapping=UNSCALED, weights=rng.uniform(-0.6, 0.6, (70, 90)))
    low, high = tile.devices.bounds
    for _ in range(20):
        tile.update(rng.uniform(-1, 1, (3, 90)), rng.uniform(-1, 1, (3, 70)), rate)
        assert np.isfinite(tile.weights).all()
        assert (tile.weights >= low).all()
        assert (tile.weights <= high).all()


@pytest.mark.parametrize("pulses", [1, 2])
@pytest.mark.parametrize("noise", [0.34, 1.0])
@pytest.mark.parametrize("inputs", ["one-way", "mixed", "few"])
def test_cells_that_noise_drives_backward_are_held_by_the_bound_behind_them(
    pulses: int, noise: float, inputs: str
) -> None:
    # All cells stand on one bound and are sent to the other by exactly c = `pulses` pulses: they go the wrong way, and
    # stay, where ε = μ(c + √c·σz) < 0, one cell in 1/Φ(−√c/σ). At σ = 0.34 that happens in part of the rows only.
    assert noise == 1.0 or noise < RARELY_BACKWARD
    x = np.ones((1, 400))
    if inputs == "mixed":
        x[0, ::3] = -1.0
    elif inputs == "few":
        x[0, np.arange(400) % 8 != 0] = 0.0
    rules = PulseSpec(desired_bl=pulses, update_management=False, update_bl_management=False, stepping="closed-form")
    device = equal_cells(0.02 * TAU, TAU, dw_min_std=noise)
    start = np.where(x < 0.0, TAU, -TAU) * np.ones((300, 1))
    tile = unscaled_tile(device, rules, start, seed=3)
    assert tile.update(x, -np.ones((1, 300)), 2.0 * 0.02 * TAU * pulses) == pulses
    assert np.abs(tile.weights).max() <= TAU
    hit = tile.weights[:, x[0] != 0.0]
    stayed = (hit == start[:, x[0] != 0.0]).mean()
    expected = stats.norm.cdf(-np.sqrt(pulses) / noise)
    reach = normal_limit(FALSE_ALARM, 12) * np.sqrt(expected * (1.0 - expected) / hit.size)
    assert abs(stayed - expected) <= LIGHT_DISTANCE + reach
    assert stayed > 0.0 or pulses == 2
    np.testing.assert_array_equal(tile.weights[:, x[0] == 0.0], start[:, x[0] == 0.0])


def test_no_share_of_a_step_leads_beyond_the_bound_ahead() -> None:
    # v + share·(b − v) rounds up to three times; LARGEST_SHARE leaves room for it, so no comparison with b is needed.
    rng = np.random.default_rng(2)
    far = np.float32(np.inf)
    for b in rng.uniform(0.1, 1.0, 2000).astype(np.float32):
        v = np.float32(b - b * 2.0 ** rng.uniform(-24.0, 1.0))
        once = noisy_step(v, np.float32(3.0), b, -far, far, np.float32(0.3), np.float32(0.0))
        assert v <= once <= b
        assert once == pytest.approx(b, abs=1e-6)


def test_visits_are_the_awake_rows_with_their_samples_in_order_and_the_keys_of_their_noise() -> None:
    awake = np.random.default_rng(4).random((9, 5)) < 0.4
    keys = np.random.default_rng(5).integers(0, 2**32, (5, 4), dtype=np.uint32)
    visits, many = visits_of(awake, keys)
    assert many == awake.sum()
    np.testing.assert_array_equal(visits[:2, :many].T, np.argwhere(awake))
    for row, sample, key0, key1 in visits[:, :many].T:
        assert (key0, key1) == row_keys(keys[sample, 0], keys[sample, 1], np.uint32(row))


def test_coarse_cells_follow_the_exact_moments_beside_fine_ones() -> None:
    # a = 0.2 is beyond the coarse limit: cells step one by one also where the mode asks for the closed form.
    assert COARSE_LIMIT < 0.2
    left = distances_left(0.2, 0.3, 5, "closed-form")
    variance = (0.8**2 + 0.06**2) ** 5 - 0.8**10
    limit = normal_limit(FALSE_ALARM, 2)
    assert abs(mean_z(left, 0.8**5)) <= limit + 0.1
    assert abs(variance_z(left, variance)) <= limit + 0.5


def regimes(batch: int, outputs: int, inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples from silent to saturated: one-slot, short and full trains, packed and whole rows."""
    rng = np.random.default_rng(11)
    x = rng.standard_normal((batch, inputs)) * (rng.random((batch, inputs)) < rng.choice([0.05, 0.5, 1.0], (batch, 1)))
    return x, rng.standard_normal((batch, outputs)) * np.geomspace(1e-4, 1.0, batch)[:, None]


@pytest.mark.parametrize("pulse_type", ["stochastic-compressed", "deterministic-implicit"])
@pytest.mark.parametrize("desired", [31, 90])
@pytest.mark.parametrize("one_way", [False, True])
def test_samples_may_be_grouped_in_any_way_bit_for_bit(
    pulse_type: Literal["stochastic-compressed", "deterministic-implicit"], desired: int, one_way: bool
) -> None:
    x, d = regimes(12, 40, 150)
    if one_way:
        x = np.abs(x)
    pulses = PulseSpec(pulse_type=pulse_type, desired_bl=desired, stepping="closed-form")
    at_once, one_by_one = (AnalogTile(40, 150, pulses=pulses) for _ in "ab")
    slots = at_once.update(x, d, 0.1, first_sample=2**33)
    assert slots == sum(one_by_one.update(x[s : s + 1], d[s : s + 1], 0.1, first_sample=2**33 + s) for s in range(12))
    np.testing.assert_array_equal(at_once.weights, one_by_one.weights)
    assert np.abs(at_once.weights).max() > 0.0


def test_a_line_that_stays_silent_changes_no_other_cell() -> None:
    # The same sample with one column silenced: the others keep trains and noise, whether or not columns are packed.
    rng = np.random.default_rng(3)
    x, d = rng.uniform(0.2, 1.0, (1, 64)), rng.uniform(-1, 1, (1, 30))
    x[0, 0] = 1.0
    kept = np.arange(64) % 8 == 0
    whole, part = AnalogTile(30, 64), AnalogTile(30, 64)
    whole.update(x, d, 0.05)
    part.update(np.where(kept, x, 0.0), d, 0.05)
    # Whole and packed rows may differ in the last bit, as a vector and a scalar loop may.
    np.testing.assert_allclose(part.weights[:, kept], whole.weights[:, kept], rtol=0, atol=1e-7)
    np.testing.assert_array_equal(part.weights[:, ~kept], AnalogTile(30, 64).weights[:, ~kept])


def trained(name: str) -> np.ndarray:
    tile = AnalogTile(40, 150, name=name)
    x, d = regimes(12, 40, 150)
    for _ in range(20):
        tile.update(x, d, 0.05)
    return tile.weights


def test_two_threads_make_the_same_bits_as_one() -> None:
    names = [f"tile{k}" for k in range(4)]
    alone = [trained(name) for name in names]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(trained, names))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(alone[0], alone[1])


@pytest.mark.parametrize(
    ("dw_min", "noise", "closed"), [(0.001, 0.3, True), (0.02, 0.3, False), (0.009, 1.0, True), (0.001, 1.1, False)]
)
def test_auto_takes_the_closed_form_where_steps_are_small(dw_min: float, noise: float, closed: bool) -> None:
    # Bounds at ±0.5: a = dw_min/0.5 decides at AUTO_LIMIT, and the noise must not be stronger than the step.
    assert (dw_min / TAU <= AUTO_LIMIT and noise <= 1.0) == closed
    devices = make_devices(equal_cells(dw_min, TAU, dw_min_std=noise), 5, 5, 0, "t")
    assert takes_closed_form("auto", devices) is closed
    assert takes_closed_form("closed-form", devices)
    assert not takes_closed_form("exact", devices)
    assert not takes_closed_form("closed-form", make_devices(IdealDevice(name="ideal"), 5, 5, 0, "t"))


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_within_the_limits_the_moments_are_nearly_exact(noise: float) -> None:
    for n in (1, 5, 31, 100):
        mean, spread = moment_errors(AUTO_LIMIT, noise, n)
        assert abs(mean) < 1.1e-5
        assert abs(spread) < 3e-4


def test_the_mode_is_a_word_of_the_scenario() -> None:
    x, d = regimes(12, 40, 150)
    modes: tuple[Stepping, ...] = ("auto", "closed-form", "exact")
    tiles = {m: AnalogTile(40, 150, pulses=PulseSpec(stepping=m), mapping=MappingSpec()) for m in modes}
    for tile in tiles.values():
        tile.update(x, d, 0.5)
    np.testing.assert_array_equal(tiles["auto"].weights, tiles["closed-form"].weights)
    difference = tiles["exact"].weights - tiles["auto"].weights
    # The trains are the same, the noise is not: cells differ by the cycle noise of their pulses only.
    assert 0.0 < np.abs(difference).max() < 0.1
    assert np.corrcoef(tiles["exact"].weights.ravel(), tiles["auto"].weights.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("pulse_type", ["stochastic", "mean-count", "stochastic-compressed"])
def test_every_pulse_type_moves_cells_in_closed_form_as_far_as_pulse_by_pulse(pulse_type: str) -> None:
    # Without cycle noise both modes differ by rounding alone: the same trains, (1 - a)^n either way.
    device = SoftBoundsDevice(name="soft-bounds", dw_min=0.002, dw_min_std=0.0)
    x, d = np.array([[0.9, -0.7, 0.3], [0.5, 0.2, -1.0]]), np.array([[0.8, -0.6], [-0.4, 1.0]])
    weights = []
    for stepping in ("exact", "closed-form"):
        pulses = PulseSpec.model_validate({"pulse_type": pulse_type, "res": 0.05, "stepping": stepping})
        tile = AnalogTile(2, 3, device=device, pulses=pulses, seed=5, weights=np.full((2, 3), 0.1))
        tile.update(x, d, 0.05, first_sample=0)
        weights.append(tile.weights)
    np.testing.assert_allclose(weights[1], weights[0], atol=2e-6)
    assert np.abs(weights[0] - 0.1).max() > 0.004
