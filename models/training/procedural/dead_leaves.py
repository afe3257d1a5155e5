"""Dead-leaves pictures: power-law sized, textured, occluding shapes with lines, hair and text over them."""

from __future__ import annotations

import cv2
import numpy as np

from .canvas import blend, gradient, shadow, shape_mask
from .colour import Palette
from .glyphs import text_mask
from .noise import NoisePool, Rng
from .outlines import outline
from .textures import texture


def _skin(rng: Rng, pool: NoisePool, palette: Palette, height: int, width: int, plain: float) -> np.ndarray:
    """A textured and shaded colour field [height, width, 3]."""
    colour = palette.pick(rng)
    if rng.random() < plain:
        luma = np.zeros((height, width), np.float32)
    else:
        luma = texture(rng, pool, height, width) * np.exp(rng.uniform(np.log(0.015), np.log(0.4)))
    luma = luma + gradient(rng, height, width, rng.exponential(0.12))
    field = colour + luma[..., None] * (0.6 + 0.4 * colour / (colour.mean() + 1e-3))
    if rng.random() < 0.25:
        weight = np.clip(0.5 + 0.5 * texture(rng, pool, height, width), 0, 1)[..., None]
        field = field * (1 - weight) + (palette.pick(rng) + luma[..., None]) * weight
    return field.astype(np.float32)


def _leaf(rng: Rng, canvas: np.ndarray, pool: NoisePool, palette: Palette, radius: float, plain: float) -> None:
    size = canvas.shape[0]
    points = outline(rng) * radius + rng.uniform(-0.1 * size, 1.1 * size, 2)
    if rng.random() < 0.2:
        shadow(canvas, points, rng.normal(0, 0.12 * radius, 2), rng.uniform(0.02, 0.25) * radius, rng.uniform(0.2, 0.7))
    soft = rng.exponential(2.5) if rng.random() < 0.25 else 0.0
    found = shape_mask(points, canvas.shape, int(2 * soft))
    if found is None:
        return
    mask, rows, cols = found
    if soft > 0.4:
        mask = cv2.GaussianBlur(mask, (0, 0), soft)
    field = _skin(rng, pool, palette, *mask.shape, plain)
    if rng.random() < 0.15 and radius > 6:
        origin = (cols.start, rows.start)
        edge = np.zeros(mask.shape, np.uint8)
        local = np.round((points - origin) * 16).astype(np.int32)
        cv2.polylines(edge, [local], True, 255, int(rng.integers(1, 6)), cv2.LINE_AA, 4)
        tone = palette.pick(rng) * rng.choice([0.1, 1.0, 1.5])
        field += (np.clip(tone, 0, 1) - field) * (edge.astype(np.float32) / 255)[..., None]
    blend(canvas, rows, cols, mask if rng.random() < 0.93 else mask * rng.uniform(0.3, 0.9), field)


def _lines(rng: Rng, canvas: np.ndarray, palette: Palette) -> None:
    """Straight or curved lines, alone or as a parallel bundle (hair, wires, railings, stripes)."""
    size = canvas.shape[0]
    mask = np.zeros(canvas.shape[:2], np.uint8)
    t = np.linspace(0, 1, 20)[:, None]
    ends = rng.uniform(-0.2 * size, 1.2 * size, (3, 2))
    jitter = np.exp(rng.uniform(0, 5))
    thickness = int(rng.integers(1, 9))
    for _ in range(1 if rng.random() < 0.4 else int(rng.integers(3, 60))):
        a, b, c = ends + rng.normal(0, jitter, (3, 2))
        curve = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
        cv2.polylines(mask, [np.round(curve * 16).astype(np.int32)], False, 255, thickness, cv2.LINE_AA, 4)
    blend(canvas, slice(None), slice(None), mask.astype(np.float32) / 255 * rng.uniform(0.5, 1), palette.pick(rng))


def _text(rng: Rng, canvas: np.ndarray, palette: Palette) -> None:
    mask = text_mask(rng, int(np.exp(rng.uniform(np.log(16), np.log(120)))), int(rng.integers(1, 4)))
    size = canvas.shape[0]
    mask = mask[:size, :size]
    y, x = (int(rng.integers(0, size - side + 1)) for side in mask.shape)
    blend(canvas, slice(y, y + mask.shape[0]), slice(x, x + mask.shape[1]), mask, palette.pick(rng))


def _radii(rng: Rng, size: int) -> np.ndarray:
    """Power-law radii in px whose discs together would cover the canvas one to four times (700 leaves at most)."""
    smallest, largest = rng.uniform(4, 20), size * rng.uniform(0.12, 0.45)
    power = rng.uniform(0.5, 1.9)
    u = rng.random(700)
    radii = (u * largest ** (-power) + (1 - u) * smallest ** (-power)) ** (-1 / power)
    cover = np.cumsum(np.pi * 0.5 * radii**2) / size**2
    return radii[: int(np.searchsorted(cover, rng.uniform(1, 4))) + 1]


def dead_leaves(rng: Rng, pool: NoisePool, size: int) -> np.ndarray:
    """One float32 RGB picture [size, size, 3] in 0..1 at drawing resolution (not yet downscaled)."""
    palette = Palette(rng)
    plain = rng.uniform(0.05, 0.5)
    canvas = _skin(rng, pool, palette, size, size, plain)
    radii = _radii(rng, size)
    order = np.argsort(-radii * np.exp(rng.normal(0, 0.9, len(radii))))
    for radius in radii[order]:
        _leaf(rng, canvas, pool, palette, float(radius), plain)
    for _ in range(rng.poisson(1.5)):
        _lines(rng, canvas, palette)
    if rng.random() < 0.3:
        _text(rng, canvas, palette)
    if rng.random() < 0.4:
        canvas *= 1 + gradient(rng, size, size, rng.uniform(0, 0.5))[..., None]
    return np.clip(canvas, 0, 1)


def camera(rng: Rng, picture: np.ndarray, factor: float) -> np.ndarray:
    """Downscale by `factor` as a camera would: lens blur, area integration, a little noise; uint8 [h, w, 3]."""
    side = int(picture.shape[0] / factor)
    if rng.random() < 0.35:
        picture = cv2.GaussianBlur(picture, (0, 0), factor * rng.uniform(0.2, 0.8))
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.3:
        small = small + 0.3 * rng.random() * (small - cv2.GaussianBlur(small, (0, 0), 1.0))
    if rng.random() < 0.3:
        small = small + rng.normal(0, rng.uniform(0, 1.5 / 255), small.shape).astype(np.float32)
    return np.clip(small * 255 + 0.5, 0, 255).astype(np.uint8)
