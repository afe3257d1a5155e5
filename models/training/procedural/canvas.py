"""Painting one leaf (a textured, shaded shape) onto a float32 RGB canvas [h, w, 3] in 0..1."""

from __future__ import annotations

import cv2
import numpy as np

from .noise import Rng


def shape_mask(points: np.ndarray, canvas_shape: tuple[int, ...], margin: int = 0) -> tuple[np.ndarray, slice, slice] | None:
    """Anti-aliased coverage of a polygon inside its clipped bounding box, or None when it is outside the canvas."""
    height, width = canvas_shape[:2]
    x0, y0 = np.floor(points.min(0)).astype(int) - 1 - margin
    x1, y1 = np.ceil(points.max(0)).astype(int) + 2 + margin
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return None
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    local = np.round((points - (x0, y0)) * 16).astype(np.int32)
    cv2.fillPoly(mask, [local], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255, slice(y0, y1), slice(x0, x1)


def gradient(rng: Rng, height: int, width: int, strength: float) -> np.ndarray:
    """A linear or radial luminance ramp [height, width] of about ±strength."""
    ys = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    xs = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    if rng.random() < 0.6:
        angle = rng.uniform(0, 2 * np.pi)
        return (xs * np.cos(angle) + ys * np.sin(angle)) * strength
    cx, cy = rng.uniform(-0.8, 0.8, 2)
    return (0.6 - np.hypot(xs - cx, ys - cy)) * strength


def blend(canvas: np.ndarray, rows: slice, cols: slice, mask: np.ndarray, colour: np.ndarray) -> None:
    """canvas = canvas·(1-mask) + colour·mask in place; `colour` is [3] or [h, w, 3]."""
    region = canvas[rows, cols]
    region += (colour - region) * mask[..., None]


def shadow(canvas: np.ndarray, points: np.ndarray, offset: np.ndarray, sigma: float, strength: float) -> None:
    """Darken the canvas under a blurred copy of the shape moved by `offset` px."""
    found = shape_mask(points + offset, canvas.shape, margin=int(3 * sigma))
    if found is None:
        return
    mask, rows, cols = found
    soft = cv2.GaussianBlur(mask, (0, 0), sigma) if sigma > 0.3 else mask
    canvas[rows, cols] *= 1 - strength * soft[..., None]
