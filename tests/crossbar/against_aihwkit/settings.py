"""Pulse trains and converters that both sides run, by aimcsim's names; standard library only."""

from __future__ import annotations

from typing import Any

Parameters = dict[str, Any]

#: One slot in which every line fires with certainty, whatever the managements would make of the values.
CERTAIN: Parameters = {"desired_bl": 1, "update_management": False, "update_bl_management": False}
#: Thirty such slots: what a closed form of many pulses takes at once.
CERTAIN_TRAIN: Parameters = CERTAIN | {"desired_bl": 30}
UNMANAGED: Parameters = {"update_management": False, "update_bl_management": False}

#: Pulse settings, and the regimes of the benchmarks in which they are compared, with samples in a micro-batch.
PULSES: dict[str, tuple[Parameters, tuple[tuple[str, int], ...]]] = {
    "stochastic-compressed": ({}, (("dense", 1), ("dense", 10), ("sparse", 1), ("sparse", 10), ("scarce", 10))),
    "stochastic": ({"pulse_type": "stochastic"}, (("dense", 1), ("sparse", 10))),
    "mean-count": ({"pulse_type": "mean-count"}, (("dense", 1), ("sparse", 10))),
    "deterministic-implicit": ({"pulse_type": "deterministic-implicit"}, (("dense", 1), ("sparse", 10))),
    "without managements": (UNMANAGED, (("dense", 1), ("sparse", 10))),
    "free length": (UNMANAGED | {"fixed_bl": False, "desired_bl": 5}, (("dense", 1), ("sparse", 10))),
    "update management alone": ({"update_bl_management": False, "desired_bl": 10}, (("dense", 1), ("sparse", 10))),
    "um_grad_scale 0.5": ({"um_grad_scale": 0.5}, (("dense", 1), ("sparse", 10))),
    "res 0.1": ({"res": 0.1}, (("dense", 1), ("sparse", 10))),
    "res 0.1, sto_round": ({"res": 0.1, "sto_round": True}, (("dense", 1), ("sparse", 10))),
}

#: Converters without any noise: both sides give the same numbers, save where a value lies on a rounding tie.
SILENT: Parameters = {"out_noise": 0.0}
NO_SCALE: Parameters = {"noise_management": "none"}
EXACT_IO: dict[str, Parameters] = {
    "default": {},
    "perfect": {"is_perfect": True},
    "narrow outputs, iterative": {"out_bound": 2.0},
    "narrow outputs, iterative, positive bound": {"out_bound": 2.0, "bm_test_negative_bound": False},
    "narrow outputs, iterative, few steps": {"out_bound": 0.5, "max_bm_factor": 4},
    "narrow outputs, none": {"out_bound": 2.0, "bound_management": "none"},
    "no noise management": NO_SCALE | {"inp_bound": 0.7},
    "max": {"noise_management": "max"},
    "abs-max, threshold": {"nm_thres": 0.8},
    "constant": {"noise_management": "constant", "nm_thres": 1.7},
    "average-abs-max": {"noise_management": "average-abs-max"},
    "no quantisation": {"inp_res": 0.0, "out_res": 0.0},
    "coarse": {"inp_res": 1 / 6, "out_res": 1 / 14},
    "ir drop": {"ir_drop": 1.0, "ir_drop_g_ratio": 400.0},
    "ir drop, coarse wires": {"ir_drop": 2.0, "ir_drop_g_ratio": 100.0},
}
NOISY_IO: dict[str, Parameters] = {
    "default": {},
    "input noise": {"inp_noise": 0.1},
    "spread of output noise": {"out_noise": 0.2, "out_noise_std": 0.4},
    "weight noise, additive": {"w_noise": 0.05, "w_noise_type": "additive-constant"},
    "weight noise, pcm-read": {"w_noise": 0.05, "w_noise_type": "pcm-read", "out_noise": 0.01},
    "no weight noise type": {"w_noise": 0.5, "w_noise_type": "none"},
    "input stochastic rounding": {"inp_sto_round": True, "inp_res": 1 / 6, "out_noise": 0.0},
    "output stochastic rounding": {"out_sto_round": True, "out_res": 1 / 14, "out_noise": 0.0},
    "iterative": {"out_bound": 2.0, "out_noise": 0.1},
    "iterative, stochastic rounding": {"out_bound": 2.0, "out_noise": 0.3, "out_sto_round": True, "out_res": 1 / 30},
    "constant": {"noise_management": "constant", "nm_thres": 1.7},
    "max": {"noise_management": "max"},
    "no noise management": NO_SCALE,
    "ir drop": {"ir_drop": 1.0, "ir_drop_g_ratio": 400.0, "inp_noise": 0.05},
    "all": {
        "inp_noise": 0.05,
        "w_noise": 0.02,
        "w_noise_type": "additive-constant",
        "out_noise_std": 0.3,
        "inp_sto_round": True,
        "out_sto_round": True,
        "out_bound": 3.0,
    },
}
