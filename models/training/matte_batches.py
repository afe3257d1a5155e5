"""Batches for the matte: composites warped and recoloured on the fly, with the truth and, where labelled, the teacher."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Shard:
    """uint8 pictures [count, 256, 256, 4] and, or None, teacher labels [count, 128, 128]."""

    pictures: np.ndarray
    teacher: np.ndarray | None


def open_shards(folder: Path) -> list[Shard]:
    """Every finished shard in order of name, with its labels where there are some."""
    shards = []
    for path in sorted(p for p in folder.glob("shard-*.npy") if ".tmp" not in p.name):
        labels = path.with_name(path.name.replace("shard", "teacher"))
        shards.append(Shard(np.load(path, mmap_mode="r"), np.load(labels) if labels.exists() else None))
    return shards


def recolour(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """float32 [h, w, 3] 0..1 with changed white balance, contrast, saturation, colour mixture, sharpness and grain."""
    picture = picture * rng.normal(1, 0.12, 3).astype(np.float32) * np.float32(rng.normal(1, 0.1))
    mean = picture.mean()
    picture = (picture - mean) * np.float32(np.exp(rng.normal(0, 0.25))) + mean + np.float32(rng.normal(0, 0.05))
    grey = picture.mean(-1, keepdims=True)
    picture = grey + (picture - grey) * np.float32(0 if rng.random() < 0.08 else rng.uniform(0.3, 1.3))
    if rng.random() < 0.35:
        mixing = np.eye(3) * rng.uniform(0.3, 1) + rng.normal(0, 0.3, (3, 3))
        picture = (picture - mean) @ mixing.astype(np.float32) + mean
    if rng.random() < 0.2:
        kernel = rng.normal(0, 0.12, (3, 3)).astype(np.float32)
        kernel[1, 1] += 1 - kernel.sum()
        picture = cv2.filter2D(picture, -1, kernel)
    if rng.random() < 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.5))
    if rng.random() < 0.3:
        picture = picture + rng.normal(0, rng.uniform(0, 0.05), picture.shape).astype(np.float32)
    return np.clip(picture, 0, 1)


def sample(rng: np.random.Generator, shards: list[Shard], side: int, teacher_weight: float) -> tuple[np.ndarray, np.ndarray]:
    """One picture float32 [side, side, 3] and its target [side, side] 0..1: truth and teacher mixed."""
    shard = shards[rng.integers(len(shards))]
    index = rng.integers(len(shard.pictures))
    drawn = shard.pictures[index]
    target = drawn[..., 3]
    if shard.teacher is not None:
        label = cv2.resize(shard.teacher[index], target.shape[::-1], interpolation=cv2.INTER_LINEAR)
        target = cv2.addWeighted(target, 1 - teacher_weight, label, teacher_weight, 0)
    whole = drawn.shape[0]
    crop = whole * rng.uniform(0.72, 1.0, 2)
    corner = rng.uniform(0, whole - crop)
    flip = rng.random() < 0.5
    turn = rng.normal(0, 0.08)
    scale = crop / side
    matrix = np.array([[scale[0] * (-1 if flip else 1), 0, corner[0] + (crop[0] if flip else 0)], [0, scale[1], corner[1]]], np.float64)
    c, s, mid = np.cos(turn), np.sin(turn), side / 2
    rotate = np.array([[c, -s, mid - c * mid + s * mid], [s, c, mid - s * mid - c * mid], [0, 0, 1]])
    matrix = (matrix @ rotate).astype(np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    source = np.ascontiguousarray(np.dstack([drawn[..., :3], target]))
    if side < 0.8 * crop.min():
        source = cv2.GaussianBlur(source, (0, 0), 0.4 * crop.min() / side)
    warped = cv2.warpAffine(source, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT).astype(np.float32) / 255
    return recolour(rng, warped[..., :3]), warped[..., 3]


def batch(rng: np.random.Generator, shards: list[Shard], count: int, side: int, teacher_weight: float) -> tuple[Tensor, Tensor]:
    """Pictures [count, 3, side, side] in channels-last memory and targets [count, 1, side, side]."""
    pairs = [sample(rng, shards, side, teacher_weight) for _ in range(count)]
    pictures = torch.from_numpy(np.stack([p for p, _ in pairs])).permute(0, 3, 1, 2)
    return pictures, torch.from_numpy(np.stack([t for _, t in pairs]))[:, None]
