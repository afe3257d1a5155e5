"""Backgrounds for the matte's composites: surfaces, landscapes, rooms, blurred clutter; float32 [size, size, 3]."""

from __future__ import annotations

import cv2
import numpy as np

from .canvas import blend, gradient, shape_mask
from .colour import Palette
from .noise import NoisePool, Rng
from .outlines import outline
from .textures import texture


def surface(rng: Rng, pool: NoisePool, palette: Palette, size: int, strength: float | None = None) -> np.ndarray:
    """One material filling the frame: wall, cloth, sand, grass, foliage."""
    amount = np.exp(rng.uniform(np.log(0.01), np.log(0.35))) if strength is None else strength
    field = texture(rng, pool, size, size) * amount + gradient(rng, size, size, rng.exponential(0.15))
    picture = palette.pick(rng) + field[..., None]
    if rng.random() < 0.4:
        weight = np.clip(0.5 + 0.5 * texture(rng, pool, size, size), 0, 1)[..., None]
        picture = picture * (1 - weight) + (palette.pick(rng) + 0.5 * field[..., None]) * weight
    return picture.astype(np.float32)


def ground_view(rng: Rng, picture: np.ndarray, horizon: float) -> np.ndarray:
    """Tilt a surface into perspective: rows near `horizon` (0..1) are compressed."""
    size = picture.shape[0]
    ys = np.linspace(horizon + 1e-3, 1, size, dtype=np.float32)
    depth = (1 - horizon) / (ys - horizon + 0.05)
    map_y = np.repeat((size / depth)[:, None], size, 1)
    map_x = (np.arange(size, dtype=np.float32)[None] - size / 2) * depth[:, None] * 0.4 + size / 2
    return cv2.remap(picture, map_x.astype(np.float32), map_y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def landscape(rng: Rng, pool: NoisePool, palette: Palette, size: int) -> np.ndarray:
    """Sky or wall above, ground below, sometimes a treeline or hills at the horizon."""
    horizon = rng.uniform(0.15, 0.8)
    picture = surface(rng, pool, palette, size, np.exp(rng.uniform(-5, -1.8)))
    if rng.random() < 0.5:
        picture = 0.4 * picture + 0.6 * np.array([0.65, 0.78, 0.92], np.float32) * rng.uniform(0.7, 1.1)
    row = int(horizon * size)
    ground = ground_view(rng, surface(rng, pool, palette, size), horizon)
    edge = row + np.cumsum(rng.normal(0, 0.4 if rng.random() < 0.5 else 0.02, size))
    mask = np.clip(np.arange(size)[:, None] - edge[None], 0, 1).astype(np.float32)
    for _ in range(rng.poisson(1.0)):
        hill = row + np.abs(pool.draw(rng, 1, size)[0]) * -size * rng.uniform(0.02, 0.25)
        far = np.clip(np.arange(size)[:, None] - hill[None], 0, 1).astype(np.float32)
        blend(picture, slice(None), slice(None), far, surface(rng, pool, palette, size))
    resized = cv2.resize(ground, (size, max(2, size - row)))
    below = picture.copy()
    below[size - resized.shape[0] :] = resized
    blend(picture, slice(None), slice(None), mask, below)
    return picture


def scatter(rng: Rng, canvas: np.ndarray, pool: NoisePool, palette: Palette, count: int, largest: float) -> None:
    """Flat textured shapes over the canvas, in place."""
    size = canvas.shape[0]
    for _ in range(count):
        radius = size * largest * rng.random() ** 2 + 3
        found = shape_mask(outline(rng) * radius + rng.uniform(0, size, 2), canvas.shape)
        if found is None:
            continue
        mask, rows, cols = found
        skin = palette.pick(rng) + (texture(rng, pool, *mask.shape) * rng.exponential(0.08) + gradient(rng, *mask.shape, 0.15))[..., None]
        blend(canvas, rows, cols, mask, skin.astype(np.float32))


def backdrop(rng: Rng, pool: NoisePool, palette: Palette, size: int) -> np.ndarray:
    """A random background; half of them out of focus."""
    kind = rng.random()
    if kind < 0.35:
        picture = surface(rng, pool, palette, size)
    elif kind < 0.75:
        picture = landscape(rng, pool, palette, size)
    else:
        picture = surface(rng, pool, palette, size)
        scatter(rng, picture, pool, palette, int(rng.integers(15, 90)), rng.uniform(0.08, 0.35))
    if kind < 0.75 and rng.random() < 0.4:
        scatter(rng, picture, pool, palette, int(rng.integers(3, 25)), rng.uniform(0.04, 0.2))
    if rng.random() < 0.55:
        picture = cv2.GaussianBlur(picture, (0, 0), np.exp(rng.uniform(0, 2.7)))
    return np.ascontiguousarray(picture, np.float32)
