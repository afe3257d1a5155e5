"""Batches for the upscaler of compressed pictures: crops of the shards, reduced, and stored as JPEG by libjpeg as cameras and websites do.

The order is the first-order degradation of Real-ESRGAN (Wang et al. 2021): blur, reduction, noise, JPEG. A part is stored twice, at two sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from resize import imresize
from sr_batches import crops

# A crop of the reduced picture is taken after JPEG, so that the blocks begin anywhere in it.
MARGIN = 16


@dataclass(frozen=True)
class Mix:
    """How often a kind of input occurs, 0 to 1, and how strong it is."""

    clean: float = 0.15
    blurred: float = 0.25
    noisy: float = 0.2
    stored_twice: float = 0.15
    lowest_quality: int = 22
    highest_quality: int = 80
    # Standard deviations, in px of the reduced picture and in 8-bit levels.
    most_blur: float = 0.5
    most_noise: float = 6.0


def stored(picture: np.ndarray, quality: int, full_colour: bool) -> np.ndarray:
    """uint8 RGB [h, w, 3] after a JPEG file of the quality, 1 to 100, with chroma whole or halved on both axes (4:2:0)."""
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if full_colour else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    _, file = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling])
    return cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1]


def reduced(rng: np.random.Generator, target: np.ndarray, scale: int) -> np.ndarray:
    """The picture reduced by the scale: mostly by MATLAB's bicubic, else by area or Lanczos-like filters of OpenCV."""
    height, width = target.shape[0] // scale, target.shape[1] // scale
    if rng.random() < 0.7:
        return imresize(target, height, width)
    return cv2.resize(target, (width, height), interpolation=cv2.INTER_AREA)


def degrade(rng: np.random.Generator, target: np.ndarray, scale: int, mix: Mix) -> np.ndarray:
    """uint8 RGB [h, w, 3] → the picture that a website may have of it, uint8 [h / scale, w / scale, 3]."""
    if rng.random() < mix.blurred:
        sigma = float(rng.uniform(0.1, mix.most_blur)) * scale
        target = cv2.GaussianBlur(target, (0, 0), sigma)
    small = reduced(rng, target, scale)
    if rng.random() < mix.clean:
        return small
    if rng.random() < mix.noisy:
        shape = small.shape if rng.random() < 0.6 else (*small.shape[:2], 1)
        noise = rng.normal(0, rng.uniform(0.5, mix.most_noise), shape)
        small = np.clip(small + noise + 0.5, 0, 255).astype(np.uint8)
    if rng.random() < mix.stored_twice:
        small = _at_another_size(rng, small, mix)
    return stored(small, _quality(rng, mix), rng.random() < 0.15)


def _quality(rng: np.random.Generator, mix: Mix) -> int:
    return int(rng.integers(mix.lowest_quality, mix.highest_quality + 1))


def _at_another_size(rng: np.random.Generator, small: np.ndarray, mix: Mix) -> np.ndarray:
    """Enlarges by 1.1 to 1.8, stores, and reduces again."""
    height, width = small.shape[:2]
    factor = rng.uniform(1.1, 1.8)
    large = cv2.resize(small, (round(width * factor), round(height * factor)), interpolation=cv2.INTER_CUBIC)
    return cv2.resize(stored(large, _quality(rng, mix), False), (width, height), interpolation=cv2.INTER_AREA)


def batch_of(rng: np.random.Generator, shards: list[np.ndarray], scale: int, batch: int, patch: int, mix: Mix) -> tuple[np.ndarray, np.ndarray]:
    """Inputs uint8 [batch, patch, patch, 3] and targets [batch, scale·patch, scale·patch, 3]."""
    whole = crops(rng, shards, batch, (patch + MARGIN) * scale)
    sources = np.empty((batch, patch, patch, 3), np.uint8)
    targets = np.empty((batch, patch * scale, patch * scale, 3), np.uint8)
    for i, target in enumerate(whole):
        small = degrade(rng, np.ascontiguousarray(target), scale, mix)
        y, x = (int(each) for each in rng.integers(0, MARGIN + 1, 2))
        sources[i] = small[y : y + patch, x : x + patch]
        targets[i] = target[y * scale : (y + patch) * scale, x * scale : (x + patch) * scale]
    return sources, targets
