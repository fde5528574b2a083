"""The colours of the kinds stay apart for colour-blind readers, and their letters can be read on them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from aimcsim.report import palette
from aimcsim.report.op_table import KINDS

#: Severity 1.0 of Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision
#: Deficiency" (IEEE TVCG 2009), on linear RGB.
MACHADO = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}

#: Linear sRGB to CIE XYZ with the white point D65 (IEC 61966-2-1).
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour: str) -> np.ndarray:
    encoded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    ratio = XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    """WCAG 2.1: (lighter + 0.05) / (darker + 0.05) of the relative luminances."""
    dark, light = sorted(float(XYZ[1] @ linear(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("vision", list(MACHADO))
def test_any_two_kinds_and_idleness_are_far_apart_for_every_kind_of_vision(vision: str) -> None:
    # A CIE76 difference of 2.3 is just noticeable; 15 is more than six times that.
    colours = [*palette.FILL.values(), palette.IDLE]
    seen = [lab(np.array(MACHADO[vision]) @ linear(colour)) for colour in colours]
    assert min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)) > 15


@pytest.mark.parametrize("kind", list(KINDS))
def test_letters_can_be_read_on_their_bars(kind: str) -> None:
    assert contrast(palette.FILL[kind], palette.INK[kind]) >= 4.5


def test_every_kind_has_a_colour_of_its_own_and_a_word() -> None:
    assert len(set(palette.FILL.values()) | {palette.IDLE, palette.BACKGROUND}) == len(KINDS) + 2
    assert set(palette.WORDS) == set(palette.FILL) == set(palette.INK) == set(KINDS)
