"""MATLAB's `imresize` for bicubic downscaling (a = -0.5, anti-aliased, mirrored borders), as the SR literature uses it.

The kernel is Keys' cubic (R. Keys, 1981) stretched by the scale; weights depend only on the two lengths, so a resize is two
matrix products.
"""

from __future__ import annotations

import functools

import numpy as np


def cubic(x: np.ndarray) -> np.ndarray:
    """Keys' cubic convolution kernel with a = -0.5."""
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


@functools.lru_cache(64)
def bicubic_matrix(length_in: int, length_out: int) -> np.ndarray:
    """The [length_out, length_in] float64 matrix that resizes one axis; its rows sum to 1."""
    scale = length_out / length_in
    stretch = min(scale, 1.0)
    support = 4 / stretch
    centre = (np.arange(length_out) + 0.5) / scale - 0.5
    first = np.floor(centre - support / 2).astype(int)
    taps = first[:, None] + np.arange(int(np.ceil(support)) + 2)
    weights = stretch * cubic(stretch * (centre[:, None] - taps))
    weights /= weights.sum(1, keepdims=True)
    period = 2 * length_in
    mirrored = np.mod(taps, period)
    mirrored = np.where(mirrored >= length_in, period - 1 - mirrored, mirrored)
    matrix = np.zeros((length_out, length_in))
    np.add.at(matrix, (np.arange(length_out)[:, None], mirrored), weights)
    return matrix


def imresize(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize uint8 [h, w, 3] to uint8 [height, width, 3], rounded and clipped as MATLAB does."""
    rows = bicubic_matrix(picture.shape[0], height)
    cols = bicubic_matrix(picture.shape[1], width)
    result = np.einsum("yh,hwc,xw->yxc", rows, picture.astype(np.float64), cols, optimize=True)
    return np.clip(np.floor(result + 0.5), 0, 255).astype(np.uint8)
