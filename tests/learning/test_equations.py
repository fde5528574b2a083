"""Every algorithm on float arrays, step by step, against its papers' equations written down in a few lines of numpy.

The transcriptions compute in float64, the arrays in float32: `close` states how far they may part.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.learning.driver import IDEAL, INPUTS, LINEAR, TAU, Doubles, close, drive, gradient, problem, scenario_with

STEPS = 60
ALPHA, BETA, GAMMA = 0.07, 0.3, 0.4
RATES: dict[str, Any] = {"scale_transfer_rate": False, "reads_per_transfer": "all"}


def linear(w: Doubles, step: Doubles) -> Doubles:
    """w + Δw ⊙ F(w) − |Δw| ⊙ G(w) of the asymmetric linear device: F = 1, G = w/τ."""
    return w + step - np.abs(step) * w / TAU


def ideal(w: Doubles, step: Doubles) -> Doubles:
    return w + step


DEVICES = [pytest.param({}, ideal, id="ideal"), pytest.param(LINEAR, linear, id="linear device")]


@pytest.mark.parametrize(("hardware", "moved"), DEVICES)
def test_tiki_taka_is_its_equations(hardware: Any, moved: Any) -> None:
    # arXiv 2406.12774 (TT-P), (TT-W): P accumulates +gradient there, so P of the arrays is −P.
    # Rates at which no step is so long that a bound of the device would cut it.
    beta, alpha = 0.05, 0.3
    algorithm = {"name": "tiki-taka", "gradient_rate": beta, "transfer_rate": alpha, **RATES}
    start, samples = problem(STEPS)
    w, p = start.astype(float), np.zeros_like(start, float)
    scenario = scenario_with(algorithm, hardware) if hardware else scenario_with(algorithm)
    for sample, shard in zip(samples, drive(scenario, STEPS), strict=True):
        g = gradient(w, sample)
        p = p + beta * g - (beta / TAU if hardware else 0.0) * np.abs(g) * p
        w = w - alpha * p - (alpha / TAU if hardware else 0.0) * np.abs(p) * w
        assert close(shard.arrays[1].weights, -p)
        assert close(shard.weights, w)


def test_tiki_taka_by_columns_takes_them_in_turn() -> None:
    algorithm = {"name": "tiki-taka", "gradient_rate": BETA, "transfer_rate": 2.0, "transfer_every": 3}
    algorithm["reads_per_transfer"] = 2
    start, samples = problem(STEPS)
    w, p, cursor = start.astype(float), np.zeros_like(start, float), 0
    for k, (sample, shard) in enumerate(zip(samples, drive(scenario_with(algorithm), STEPS), strict=True), 1):
        p -= BETA * gradient(w, sample)
        if k % 3 == 0:
            for _ in range(2):
                # The rate is scaled by the learning rate, 0.1.
                w[:, cursor % INPUTS] += 2.0 * 0.1 * p[:, cursor % INPUTS]
                cursor += 1
        assert close(shard.weights, w)


@pytest.mark.parametrize("by_line", [True, False])
@pytest.mark.parametrize("name", ["tiki-taka", "residual-learning", "rider"])
def test_learned_factors_of_the_outputs_stand_behind_all_arrays(name: str, by_line: bool) -> None:
    # y = s ⊙ (W̄ x): the arrays learn from s ⊙ d, and ∂f/∂s = Σ d ⊙ (W̄ x), W̄ before the update; its sum for one s.
    # Rates at which the product of factors and weights does not swing up.
    alpha, beta, gamma, eta = 0.02, 0.1, 0.0 if name == "tiki-taka" else GAMMA, 0.2
    algorithm = {"name": name, "gradient_rate": alpha, "transfer_rate": beta, **RATES}
    algorithm |= {} if name == "tiki-taka" else {"gamma": gamma}
    algorithm |= {"reference_rate": eta} if name == "rider" else {}
    start, samples = problem(STEPS)
    w, p, s = start.astype(float), np.zeros_like(start, float), np.ones(len(start))
    q = np.zeros_like(w)
    hardware = {**IDEAL, "mapping": {"learn_out_scaling": True, "out_scaling_columnwise": by_line}}
    scenario = scenario_with(algorithm, hardware, learning_rate=0.05)
    for sample, shard in zip(samples, drive(scenario, STEPS), strict=True):
        x, target = (part[0].astype(float) for part in sample)
        given = (w + gamma * (p - q)) @ x
        d = s * given - target
        p = p - alpha * np.outer(s * d, x)
        s = s - 0.05 * (d * given if by_line else (d * given).sum())
        w = w + beta * (p - q)
        q = (1 - eta) * q + eta * p if name == "rider" else q
        assert close(shard.factors, s)
        assert close(shard.weights, s[:, None] * (w + gamma * (p - q)))
    assert np.abs(s - 1.0).max() > 0.1


@pytest.mark.parametrize(("hardware", "moved"), DEVICES)
def test_residual_learning_is_its_equations(hardware: Any, moved: Any) -> None:
    # arXiv 2502.06309 (10), (11).
    algorithm = {"name": "residual-learning", "gamma": GAMMA, "gradient_rate": ALPHA, "transfer_rate": BETA, **RATES}
    start, samples = problem(STEPS)
    w, p = start.astype(float), np.zeros_like(start, float)
    scenario = scenario_with(algorithm, hardware) if hardware else scenario_with(algorithm)
    for sample, shard in zip(samples, drive(scenario, STEPS), strict=True):
        p = moved(p, -ALPHA * gradient(w + GAMMA * p, sample))
        w = moved(w, BETA * p)
        assert close(shard.arrays[0].weights, w)
        assert close(shard.weights, w + GAMMA * p)


@pytest.mark.parametrize(("hardware", "moved"), DEVICES)
def test_residual_learning_v2_with_its_filter_is_its_equations(hardware: Any, moved: Any) -> None:
    # arXiv 2502.06309 (14), (15), without read noise.
    algorithm = {"name": "residual-learning-v2", "write": "filtered", "gamma": GAMMA, "gradient_rate": ALPHA}
    algorithm |= {"transfer_rate": BETA, **RATES}
    start, samples = problem(STEPS)
    w, p, h = start.astype(float), np.zeros_like(start, float), np.zeros_like(start, float)
    scenario = scenario_with(algorithm, hardware) if hardware else scenario_with(algorithm)
    for sample, shard in zip(samples, drive(scenario, STEPS), strict=True):
        p = moved(p, -ALPHA * gradient(w + GAMMA * p, sample))
        h = (1 - BETA) * h + BETA * p
        w = moved(w, BETA * h)
        assert close(shard.buffer.T, h)
        assert close(shard.arrays[0].weights, w)


def test_residual_learning_v2_with_pulses_is_its_threshold_form() -> None:
    # arXiv 2502.06309, App. D: one pulse per coordinate whose buffer reaches Δw_min.
    step = 0.01
    algorithm = {"name": "residual-learning-v2", "threshold": step, "gamma": GAMMA, "gradient_rate": ALPHA}
    algorithm |= {"transfer_rate": BETA, **RATES}
    start, samples = problem(STEPS)
    w, p, h = start.astype(float), np.zeros_like(start, float), np.zeros_like(start, float)
    pulses = 0
    for sample, shard in zip(samples, drive(scenario_with(algorithm), STEPS), strict=True):
        p = p - ALPHA * gradient(w + GAMMA * p, sample)
        h = (1 - BETA) * h + BETA * p
        fired = np.sign(h) * (np.abs(h) >= step)
        h, w = h - fired * step, w + fired * step
        pulses += int(np.abs(fired).sum())
        assert close(shard.buffer.T, h)
        assert close(shard.arrays[0].weights, w)
    assert pulses > STEPS


@pytest.mark.parametrize(("momentum", "forget"), [(0.0, False), (0.25, False), (0.25, True)])
def test_tiki_taka_v2_is_its_equations(momentum: float, forget: bool) -> None:
    # arXiv 2502.06309, App. D (momentum 0); with momentum as aihwkit's BufferedTransfer.
    step = 0.02
    algorithm = {"name": "tiki-taka-v2", "threshold": step, "gradient_rate": ALPHA, "transfer_rate": BETA, **RATES}
    algorithm |= {"momentum": momentum, "forget_buffer": forget}
    start, samples = problem(STEPS)
    w, p, h = start.astype(float), np.zeros_like(start, float), np.zeros_like(start, float)
    for sample, shard in zip(samples, drive(scenario_with(algorithm), STEPS), strict=True):
        p = p - ALPHA * gradient(w, sample)
        h = h + BETA * p
        fired = np.sign(h) * (np.abs(h) >= step)
        w = w + fired * step
        h = np.where(fired != 0, momentum * h, h) if forget else h - (1 - momentum) * fired * step
        assert close(shard.buffer.T, h)
        assert close(shard.weights, w)


def test_chopped_tiki_taka_is_its_equations() -> None:
    # Nat. Commun. 15:7133 (2024) (11), line by line; when the signs flip is the implementation's draw.
    step = 0.02
    algorithm = {"name": "c-tiki-taka-v2", "threshold": step, "gradient_rate": ALPHA, "transfer_rate": BETA}
    algorithm |= {"scale_transfer_rate": False, "reads_per_transfer": 2, "chop_probability": 0.3}
    start, samples = problem(STEPS)
    w, p, h = start.astype(float), np.zeros_like(start, float), np.zeros_like(start, float)
    c = np.ones(INPUTS)
    flips = 0
    for k, (sample, shard) in enumerate(zip(samples, drive(scenario_with(algorithm), STEPS), strict=True)):
        p = p - ALPHA * gradient(w, sample) * c
        for j in ((2 * k) % INPUTS, (2 * k + 1) % INPUTS):
            h[:, j] += c[j] * BETA * p[:, j]
            fired = np.sign(h[:, j]) * (np.abs(h[:, j]) >= step)
            h[:, j] -= fired * step
            w[:, j] += fired * step
        flips += int((c != shard.chopper).sum())
        c = shard.chopper.astype(float)
        assert close(shard.weights, w)
    # 120 draws of 0.3: outside 20 … 55 with a probability below 1e-3.
    assert 20 < flips < 55


#: Equal steps of 0.02 in a range that is never left, certain pulses, no noise: what buffers decide is exact.
EQUAL_STEPS: dict[str, Any] = {
    "device": {"name": "constant-step", "dw_min": 0.02, "w_max": 50.0, "w_min": -50.0}
    | dict.fromkeys(("dw_min_dtod", "dw_min_std", "w_max_dtod", "w_min_dtod", "up_down_dtod"), 0.0),
    "io": {"is_perfect": True},
    "pulses": {"pulse_type": "mean-count"},
}


@pytest.mark.parametrize("name", ["tiki-taka-v2", "c-tiki-taka-v2", "agad"])
def test_rates_that_follow_the_data_are_their_equations(name: str) -> None:
    # Nat. Commun. 15:7133 (2024) (14), (15), with what P really holds: its pulses are tested elsewhere. Unchopped,
    # all three are one.
    eta, granularity, dw, slots, every = 0.5, 40.0, 0.02, 31, 2
    algorithm = {"name": name, "auto_scale": True, "gradient_rate": eta, "auto_granularity": granularity}
    algorithm |= {"transfer_every": every, "reads_per_transfer": "all", "transfer_rate": 3.0}
    algorithm |= {} if name == "tiki-taka-v2" else {"chop_probability": 0.0}
    start, samples = problem(STEPS)
    mean_x = mean_d = None
    h, w, fired_in_all = np.zeros_like(start, float), start.astype(float), 0
    for k, (sample, shard) in enumerate(
        zip(samples, drive(scenario_with(algorithm, EQUAL_STEPS), STEPS), strict=True), 1
    ):
        x, d = np.abs(sample[0]).max(), np.abs(sample[0] @ w.T - sample[1]).max()
        mean_x = x if mean_x is None else 0.99 * mean_x + 0.01 * x
        mean_d = d if mean_d is None else 0.99 * mean_d + 0.01 * d
        written = eta * slots * dw / (mean_x * mean_d)
        assert shard.rates.gradient_at(0.1) == pytest.approx(written, rel=1e-4)
        if k % every == 0:
            p = shard.arrays[1].weights
            # One sample an update, every line at every read: n_s n = 2 samples lie between two reads of a line.
            h += 3.0 * 0.1 * every / (granularity * dw * written) * dw * p
            fired = np.sign(h) * (np.abs(h) >= dw)
            fired_in_all += int(np.abs(fired).sum())
            h, w = h - fired * dw, w + fired * dw
        assert np.abs(shard.buffer.T - h).max() < 1e-4
        assert np.abs(shard.arrays[0].weights - w).max() < 1e-4
    assert fired_in_all > STEPS


def test_agad_is_its_equations() -> None:
    # Nat. Commun. 15:7133 (2024) (12), (13).
    step, beta = 0.02, 0.5
    algorithm = {"name": "agad", "threshold": step, "gradient_rate": ALPHA, "transfer_rate": BETA}
    algorithm |= {"scale_transfer_rate": False, "chop_probability": 0.3, "reference_rate": beta}
    start, samples = problem(STEPS)
    w, p, h = start.astype(float), np.zeros_like(start, float), np.zeros_like(start, float)
    mean, reference = np.zeros_like(w), np.zeros_like(w)
    c = np.ones(INPUTS)
    for k, (sample, shard) in enumerate(zip(samples, drive(scenario_with(algorithm), STEPS), strict=True)):
        p = p - ALPHA * gradient(w, sample) * c
        j = k % INPUTS
        h[:, j] += c[j] * BETA * (p[:, j] - reference[:, j])
        mean[:, j] = (1 - beta) * mean[:, j] + beta * p[:, j]
        fired = np.sign(h[:, j]) * (np.abs(h[:, j]) >= step)
        h[:, j] -= fired * step
        w[:, j] += fired * step
        if shard.chopper[j] != c[j]:
            reference[:, j], c[j] = mean[:, j], -c[j]
        assert close(shard.weights, w)
        assert close(shard.reference.T, reference)
    assert np.abs(reference).max() > 0


@pytest.mark.parametrize(("hardware", "moved"), DEVICES)
@pytest.mark.parametrize("tiles", [2, 3, 4])
def test_multi_tile_residual_learning_is_its_equations(tiles: int, hardware: Any, moved: Any) -> None:
    # arXiv 2510.02516 (6), (7): tile n moves once every T_{n+1} · … · T_N iterations, here 2 · 3^(N-1-n).
    gamma, growth = 0.5, 1.2
    algorithm = {"name": "multi-tile-residual", "tiles": tiles, "gamma": gamma, "gradient_rate": ALPHA}
    algorithm |= {"transfer_every": 2, "transfer_every_growth": 3, "transfer_rate": BETA, **RATES, "warm_start": False}
    last = tiles - 1
    start, samples = problem(STEPS)
    w = [start.astype(float)] + [np.zeros_like(start, float) for _ in range(last)]
    scenario = scenario_with(algorithm, hardware) if hardware else scenario_with(algorithm)
    for t, (sample, shard) in enumerate(zip(samples, drive(scenario, STEPS), strict=True)):
        composite = sum(gamma**n * w[n] for n in range(tiles))
        w[last] = moved(w[last], -ALPHA * gradient(composite, sample))
        for n in range(last - 1, -1, -1):
            if (t + 1) % (2 * 3 ** (last - 1 - n)) == 0:
                w[n] = moved(w[n], BETA * growth ** (last - 1 - n) * w[n + 1])
        assert all(close(shard.arrays[n].weights, w[n]) for n in range(tiles))
        assert close(shard.weights, sum(gamma**n * w[n] for n in range(tiles)))


def test_mixed_precision_is_its_equations() -> None:
    step = 0.03
    algorithm = {"name": "mixed-precision", "threshold": step, "gradient_rate": ALPHA, "transfer_every": 4}
    start, samples = problem(STEPS)
    w, chi = start.astype(float), np.zeros_like(start, float)
    for k, (sample, shard) in enumerate(zip(samples, drive(scenario_with(algorithm), STEPS), strict=True), 1):
        chi = chi - ALPHA * gradient(w, sample)
        if k % 4 == 0:
            pulses = np.trunc(chi / step)
            chi, w = chi - pulses * step, w + pulses * step
        assert close(shard.buffer.T, chi)
        assert close(shard.weights, w)


@pytest.mark.parametrize(("hardware", "moved"), DEVICES)
def test_rider_is_its_reconstructed_equations(hardware: Any, moved: Any) -> None:
    eta = 0.2
    algorithm = {"name": "rider", "gamma": GAMMA, "gradient_rate": ALPHA, "transfer_rate": BETA, **RATES}
    algorithm |= {"reference_rate": eta}
    start, samples = problem(STEPS)
    w, p, q = start.astype(float), np.zeros_like(start, float), np.zeros_like(start, float)
    scenario = scenario_with(algorithm, hardware) if hardware else scenario_with(algorithm)
    for sample, shard in zip(samples, drive(scenario, STEPS), strict=True):
        p = moved(p, -ALPHA * gradient(w + GAMMA * (p - q), sample))
        w = moved(w, BETA * (p - q))
        q = (1 - eta) * q + eta * p
        assert close(shard.reference.T, q)
        assert close(shard.weights, w + GAMMA * (p - q))


@pytest.mark.parametrize(("hardware", "moved"), DEVICES)
def test_e_rider_is_its_reconstructed_equations(hardware: Any, moved: Any) -> None:
    eta, flipping = 0.2, {7, 8, 30, 41}
    algorithm = {"name": "e-rider", "gamma": GAMMA, "gradient_rate": ALPHA, "transfer_rate": BETA, **RATES}
    algorithm |= {"reference_rate": eta}
    start, samples = problem(STEPS)
    w, p, q = start.astype(float), np.zeros_like(start, float), np.zeros_like(start, float)
    held, c = q, 1.0
    scenario = scenario_with(algorithm, hardware) if hardware else scenario_with(algorithm)
    run = drive(scenario, STEPS, lambda number, updates: (0, 1) if number in flipping else (0,))
    for k, (sample, shard) in enumerate(zip(samples, run, strict=True)):
        p = moved(p, -ALPHA * c * gradient(w + GAMMA * c * (p - held), sample))
        w = moved(w, BETA * c * (p - held))
        q = (1 - eta) * q + eta * p
        if k in flipping:
            c, held = -c, q
        assert close(shard.arrays[2].weights, held)
        assert close(shard.weights, w + GAMMA * c * (p - held))
