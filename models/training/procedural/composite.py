"""Composites for the matte: bodies over a backdrop, with shadows, occluders and a camera's flaws, and their true mask."""

from __future__ import annotations

import cv2
import numpy as np

from .backdrops import backdrop, scatter
from .bodies import body
from .canvas import gradient
from .colour import Palette, natural_palette
from .dead_leaves import dead_leaves
from .noise import NoisePool, Rng
from .solid import paint_body, random_light


def _place(rng: Rng, size: int, kind: str) -> tuple[float, np.ndarray]:
    """Half-extent in px and centre of a body: mostly near the middle, sometimes cut off, persons often at the bottom."""
    scale = size * float(np.clip(rng.lognormal(np.log(0.36), 0.35), 0.14, 0.75))
    at = np.array([0.5, 0.52]) * size + rng.normal(0, 0.11, 2) * size
    if kind == "person" and rng.random() < 0.6:
        scale = size * rng.uniform(0.45, 1.0)
        at[1] = size * 1.02 - scale * rng.uniform(-0.1, 0.6)
    elif rng.random() < 0.12:
        at[rng.integers(2)] = rng.choice([0.05, 0.95]) * size
    return scale, at


def _cast_shadow(rng: Rng, canvas: np.ndarray, alpha: np.ndarray, scale: float) -> np.ndarray:
    """The canvas darkened by a flattened, shifted, blurred copy of the mask."""
    size = alpha.shape[0]
    rows = np.flatnonzero(alpha.max(1) > 0.5)
    foot = rows[-1] if len(rows) else size
    flat, lean = rng.uniform(0.15, 0.9), rng.normal(0, 0.6)
    matrix = np.array([[1, lean, -lean * foot], [0, flat, foot * (1 - flat)]], np.float32)
    cast = cv2.warpAffine(alpha, matrix, (size, size))
    cast = cv2.GaussianBlur(cast, (0, 0), max(1.0, scale * rng.uniform(0.02, 0.15)))
    return canvas * (1 - rng.uniform(0.2, 0.7) * cast[..., None])


def _camera(rng: Rng, picture: np.ndarray, side: int) -> np.ndarray:
    """Tone, vignette, resolution, noise and JPEG; uint8 [side, side, 3]."""
    size = picture.shape[0]
    if rng.random() < 0.3:
        picture = picture * (1 + np.minimum(gradient(rng, size, size, 0.3), 0)[..., None])
    picture = np.clip(picture, 0, 1) ** np.exp(rng.normal(0, 0.2))
    small = cv2.resize(picture.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.3:
        small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.4, 1.2))
    small = small + rng.normal(0, rng.exponential(0.015), small.shape)
    coded = np.clip(small * 255 + 0.5, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))]
        coded = cv2.imdecode(cv2.imencode(".jpg", coded, quality)[1], cv2.IMREAD_COLOR)
    return coded


def _busy(rng: Rng, pool: NoisePool, size: int) -> np.ndarray:
    """A dead-leaves picture as background, sometimes out of focus, often with little colour."""
    picture = dead_leaves(rng, pool, size)
    grey = picture.mean(-1, keepdims=True)
    picture = grey + (picture - grey) * np.float32(rng.uniform(0.2, 1))
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(1, 6)) if rng.random() < 0.5 else picture


def composite(rng: Rng, pool: NoisePool, side: int, busy: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """One picture: uint8 RGB [side, side, 3] and its true matte uint8 [side, side].

    `busy` is the probability of a dead-leaves background.
    """
    size = side * 3 // 2
    behind = natural_palette(rng) if rng.random() < 0.6 else Palette(rng)
    front = behind if rng.random() < 0.25 else Palette(rng)
    canvas = _busy(rng, pool, size) if busy and rng.random() < busy else backdrop(rng, pool, behind, size)
    light = random_light(rng)
    alpha = np.zeros((size, size), np.float32)
    layer = canvas.copy()
    for _ in range(1 if rng.random() < 0.8 else int(rng.integers(2, 4))):
        parts, kind = body(rng)
        scale, at = _place(rng, size, kind)
        paint_body(rng, layer, alpha, pool, parts, scale, at, light, front, kind == "person" and rng.random() < 0.7)
    if rng.random() < 0.5:
        canvas = _cast_shadow(rng, canvas, alpha, scale)
    soft = alpha if rng.random() < 0.6 else cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.5, 2.0))
    picture = canvas + (layer - canvas) * soft[..., None]
    if rng.random() < 0.15:
        front_layer = picture.copy()
        scatter(rng, front_layer, pool, behind, int(rng.integers(1, 6)), 0.12)
        changed = np.abs(front_layer - picture).max(-1) > 1e-6
        picture, soft = front_layer, soft * ~changed
    matte = cv2.resize(soft.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    return _camera(rng, picture, side), np.clip(matte * 255 + 0.5, 0, 255).astype(np.uint8)
