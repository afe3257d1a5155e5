"""Batches for the upscalers: random crops of the shards, augmented, downscaled in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from resize import bicubic_matrix


def open_shards(folder: Path) -> list[np.ndarray]:
    """Memory-mapped uint8 arrays [count, h, w, 3] of every finished shard, in order of their names."""
    paths = sorted(p for p in folder.glob("shard-*.npy") if ".tmp" not in p.name)
    return [np.load(path, mmap_mode="r") for path in paths]


def crops(rng: np.random.Generator, shards: list[np.ndarray], batch: int, side: int) -> np.ndarray:
    """uint8 [batch, side, side, 3]: random place, one of eight orientations, sometimes channel order or negative."""
    result = np.empty((batch, side, side, 3), np.uint8)
    for i in range(batch):
        shard = shards[rng.integers(len(shards))]
        picture = shard[rng.integers(len(shard))]
        y, x = rng.integers(0, picture.shape[0] - side + 1, 2)
        crop = np.rot90(picture[y : y + side, x : x + side], int(rng.integers(4)))
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        if rng.random() < 0.3:
            crop = crop[..., rng.permutation(3)]
        if rng.random() < 0.15:
            crop = 255 - crop
        result[i] = crop
    return result


def to_tensor(pictures: np.ndarray) -> Tensor:
    """uint8 [n, h, w, 3] → float32 [n, 3, h, w] 0..1 in channels-last memory."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div_(255)


def downscale(target: Tensor, scale: int) -> Tensor:
    """Anti-aliased bicubic of [n, 3, h, w] on its device, quantised to 8 bits as a file would be."""
    rows, columns = (torch.from_numpy(bicubic_matrix(side, side // scale)).float().to(target.device) for side in target.shape[-2:])
    small = rows @ target.contiguous() @ columns.T
    return (small * 255).round_().clamp_(0, 255).div_(255).contiguous(memory_format=torch.channels_last)
