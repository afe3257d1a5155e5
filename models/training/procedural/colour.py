"""Colours with roughly natural statistics: wide in luminance, narrow and correlated in chroma."""

from __future__ import annotations

import numpy as np

from .noise import Rng


class Palette:
    """A scene's colours: a few hues, a chroma strength and a luminance range."""

    def __init__(self, rng: Rng) -> None:
        self.chroma = float(rng.choice([0.02, 0.06, 0.12, 0.2, 0.35], p=[0.15, 0.35, 0.3, 0.15, 0.05]))
        self.hues = rng.uniform(0, 2 * np.pi, int(rng.integers(1, 5)))
        self.low, self.high = rng.uniform(0, 0.25), rng.uniform(0.65, 1.0)

    def pick(self, rng: Rng) -> np.ndarray:
        """One RGB colour [3] in 0..1."""
        luma = rng.uniform(self.low, self.high)
        hue = rng.choice(self.hues) + rng.normal(0, 0.3)
        return to_rgb(luma, self.chroma * rng.rayleigh(0.7), hue)


def natural_palette(rng: Rng) -> Palette:
    """A palette of greens, browns, blues and greys, as out of doors; its hues are angles in the Cb/Cr plane."""
    palette = Palette(rng)
    palette.chroma = min(palette.chroma, 0.2)
    palette.hues = rng.choice([-0.7, 1.9, 2.4, 3.8, 4.0], 2) + rng.normal(0, 0.15, 2)
    return palette


def skin_tone(rng: Rng) -> np.ndarray:
    """A human skin colour, RGB [3]: light to dark along one hue."""
    luma = rng.uniform(0.2, 0.85)
    return to_rgb(luma, rng.uniform(0.08, 0.16) * (0.5 + luma / 2), 2.15 + rng.normal(0, 0.08))


def to_rgb(luma: float, chroma: float, hue: float) -> np.ndarray:
    """BT.601 luma 0..1 and a polar Cb/Cr pair to RGB [3], clipped to 0..1."""
    cb, cr = chroma * np.cos(hue), chroma * np.sin(hue)
    rgb = np.array([luma + 1.402 * cr, luma - 0.344 * cb - 0.714 * cr, luma + 1.772 * cb])
    return np.clip(rgb, 0, 1).astype(np.float32)
