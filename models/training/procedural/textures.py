"""Luminance textures: each function returns a [height, width] float32 field, roughly within -1..1."""

from __future__ import annotations

import cv2
import numpy as np

from .noise import NoisePool, Rng


def _grid(height: int, width: int, angle: float) -> tuple[np.ndarray, np.ndarray]:
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    return xs * np.cos(angle) + ys * np.sin(angle), ys * np.cos(angle) - xs * np.sin(angle)


def fractal(rng: Rng, pool: NoisePool, height: int, width: int) -> np.ndarray:
    """Plain power-law noise: skin, plaster, foliage at a distance."""
    return pool.draw(rng, height, width) * 0.5


def ridged(rng: Rng, pool: NoisePool, height: int, width: int) -> np.ndarray:
    """Folded noise: thin bright or dark veins."""
    field = np.abs(pool.draw(rng, height, width))
    return (0.6 - field) * (1 if rng.random() < 0.5 else -1)


def patches(rng: Rng, pool: NoisePool, height: int, width: int) -> np.ndarray:
    """Thresholded noise: blots with sharp borders (spots of an animal, flaking paint)."""
    gain = np.exp(rng.uniform(0, 3.5))
    return np.tanh((pool.draw(rng, height, width) - rng.uniform(-0.6, 0.6)) * gain)


def stripes(rng: Rng, pool: NoisePool, height: int, width: int) -> np.ndarray:
    """Warped periodic stripes, from sinusoidal to hard-edged, with a wavelength of 3 to 60 px."""
    u, _ = _grid(height, width, rng.uniform(0, np.pi))
    wavelength = np.exp(rng.uniform(np.log(3), np.log(60)))
    warp = pool.draw(rng, height, width) * rng.choice([0.0, 0.3, 1.0, 3.0])
    wave = np.sin(u * (2 * np.pi / wavelength) + warp + rng.uniform(0, 6.3))
    gain = np.exp(rng.uniform(-0.5, 2.5))
    return np.tanh((wave - rng.uniform(-0.7, 0.7)) * gain)


def weave(rng: Rng, pool: NoisePool, height: int, width: int) -> np.ndarray:
    """Two crossed waves: cloth, checks, tiles, dots."""
    u, v = _grid(height, width, rng.uniform(0, np.pi))
    period = np.exp(rng.uniform(np.log(4), np.log(50)))
    warp = pool.draw(rng, height, width) * rng.choice([0.0, 0.4, 1.2])
    a, b = np.sin(u * (2 * np.pi / period) + warp), np.sin(v * (2 * np.pi / (period * rng.uniform(0.7, 1.4))) + warp)
    mixed = a * b if rng.random() < 0.5 else np.maximum(a, b)
    return np.tanh((mixed - rng.uniform(-0.4, 0.4)) * np.exp(rng.uniform(0, 2.5)))


def mosaic(rng: Rng, pool: NoisePool, height: int, width: int) -> np.ndarray:
    """Voronoi cells with lines between them: scales, wings, cracked ground, leaves."""
    distance, tone = pool.draw_cells(rng, height, width)
    line = np.exp(-((distance / rng.uniform(0.8, 3.5)) ** 2))
    return tone * rng.uniform(0, 1) - line * rng.uniform(-1.2, 1.2)


def strands(rng: Rng, pool: NoisePool, height: int, width: int) -> np.ndarray:
    """Many thin curved strokes in a common direction: hair, fur, feathers, grass."""
    field = np.full((height, width), 0.0, np.float32)
    angle, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.6)
    count = int(min(900, height * width / rng.uniform(40, 250)))
    length = rng.uniform(0.15, 0.9) * max(height, width)
    spread, thickest = rng.uniform(0.02, 0.5), rng.integers(1, 5)
    steps = np.linspace(0, 1, 8)
    for _ in range(count):
        start = rng.uniform((-0.2 * width, -0.2 * height), (1.2 * width, 1.2 * height))
        heading = angle + rng.normal(0, spread) + bend * steps
        points = start + np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1) * (length / 8), 0)
        tone = float(rng.uniform(-1, 1))
        cv2.polylines(field, [np.int32(points * 8)], False, tone, int(rng.integers(1, thickest + 1)), cv2.LINE_8, 3)
    return field


KINDS = (fractal, ridged, patches, stripes, weave, mosaic, strands)
WEIGHTS = np.array([0.34, 0.10, 0.10, 0.14, 0.08, 0.10, 0.14])


def texture(rng: Rng, pool: NoisePool, height: int, width: int) -> np.ndarray:
    """A random texture; every third one is the blend of two, the second masking the first."""
    first = KINDS[rng.choice(len(KINDS), p=WEIGHTS)](rng, pool, height, width)
    if rng.random() < 0.35:
        second = KINDS[rng.choice(len(KINDS), p=WEIGHTS)](rng, pool, height, width)
        return first * (0.5 + 0.5 * np.clip(second, -1, 1)) if rng.random() < 0.5 else 0.6 * first + 0.6 * second
    return first
