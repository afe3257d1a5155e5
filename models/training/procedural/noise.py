"""Scalar random fields with power-law spectra, the raw material of every texture."""

from __future__ import annotations

import cv2
import numpy as np

Rng = np.random.Generator


def spectrum_noise(rng: Rng, size: int, beta: float, stretch: float = 1.0, angle: float = 0.0) -> np.ndarray:
    """A periodic [size, size] float32 field with amplitude spectrum 1/f^beta, zero mean, unit deviation.

    `stretch` > 1 elongates the structure along `angle` (radians): grain, fur, brushed metal.
    """
    fy = np.fft.fftfreq(size)[:, None]
    fx = np.fft.rfftfreq(size)[None, :]
    along = fx * np.cos(angle) + fy * np.sin(angle)
    across = -fx * np.sin(angle) + fy * np.cos(angle)
    radius = np.sqrt((along * stretch) ** 2 + across**2)
    radius[0, 0] = 1.0
    phase = rng.random(radius.shape, dtype=np.float32) * (2 * np.pi)
    spectrum = radius ** (-beta) * np.exp(1j * phase)
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, s=(size, size)).astype(np.float32)
    return field / (field.std() + 1e-6)


def cells(rng: Rng, size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Voronoi cells: ([size, size] distance to the cell border in px, [size, size] random tone per cell in -1..1)."""
    seeds = np.full((size, size), 255, np.uint8)
    ys, xs = rng.integers(0, size, (2, count))
    seeds[ys, xs] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    border = np.full((size, size), 255, np.uint8)
    border[:, 1:][labels[:, 1:] != labels[:, :-1]] = 0
    border[1:][labels[1:] != labels[:-1]] = 0
    tones = rng.uniform(-1, 1, labels.max() + 1).astype(np.float32)
    return cv2.distanceTransform(border, cv2.DIST_L2, 3), tones[labels]


class NoisePool:
    """A set of ready fields; drawing a crop from it is far cheaper than an FFT for every leaf."""

    def __init__(self, rng: Rng, count: int = 40, size: int = 512) -> None:
        self.size = size
        self.fields = [
            spectrum_noise(rng, size, rng.uniform(0.4, 2.2), np.exp(rng.exponential(0.5)), rng.uniform(0, np.pi))
            for _ in range(count)
        ]
        self.cells = [cells(rng, size, int(np.exp(rng.uniform(3, 7.5)))) for _ in range(max(4, count // 5))]

    def warp(self, rng: Rng, field: np.ndarray, height: int, width: int, zoom: tuple[float, float] = (0.35, 3.0)) -> np.ndarray:
        """A randomly turned, magnified and shifted [height, width] view of `field` (mirrored outside its edges)."""
        scale = np.exp(rng.uniform(np.log(zoom[0]), np.log(zoom[1])))
        turn = rng.uniform(0, 2 * np.pi)
        c, s = np.cos(turn) / scale, np.sin(turn) / scale
        shift = rng.uniform(0, self.size, 2)
        matrix = np.array([[c, -s, shift[0]], [s, c, shift[1]]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(field, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT)

    def draw(self, rng: Rng, height: int, width: int) -> np.ndarray:
        """A [height, width] float32 view of one of the pool's fields."""
        return self.warp(rng, self.fields[rng.integers(len(self.fields))], height, width)

    def draw_cells(self, rng: Rng, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Matching [height, width] views of one cell field: border distance and tone."""
        distance, tone = self.cells[rng.integers(len(self.cells))]
        state = rng.bit_generator.state
        first = self.warp(rng, distance, height, width)
        rng.bit_generator.state = state
        return first, self.warp(rng, tone, height, width)
