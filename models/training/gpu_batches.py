"""Batches for the upscalers, made on the device that trains: all shards lie in its memory as bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor


class DeviceShards:
    """uint8 patches [count, 3, s, s] on a device, from every shard of a folder but the first, which is held out."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self._folder, self._device = folder, device
        self._seen: set[str] = set()
        self._parts: list[Tensor] = []
        self.held_out: Tensor | None = None

    def refresh(self) -> int:
        """Loads shards that are new; returns the number of patches to train on. Shards may still be drawn meanwhile."""
        for path in sorted(p for p in self._folder.glob("shard-*.npy") if ".tmp" not in p.name and p.name not in self._seen):
            self._seen.add(path.name)
            pictures = torch.from_numpy(np.load(path)).permute(0, 3, 1, 2).contiguous().to(self._device)
            if path.name == "shard-000.npy":
                self.held_out = pictures
            else:
                self._parts.append(pictures)
        return sum(len(part) for part in self._parts)

    def crops(self, batch: int, side: int) -> Tensor:
        """float32 [batch, 3, side, side] 0..1: random place, one of eight orientations, sometimes channel order or negative."""
        counts = torch.tensor([float(len(part)) for part in self._parts])
        chosen = torch.multinomial(counts, batch, replacement=True).tolist()
        result = torch.empty(batch, 3, side, side, device=self._device)
        for i, part in enumerate(chosen):
            pictures = self._parts[part]
            index, whole = int(torch.randint(len(pictures), ())), pictures.shape[-1]
            y, x = torch.randint(whole - side + 1, (2,)).tolist()
            crop = pictures[index, :, y : y + side, x : x + side].float() / 255
            crop = torch.rot90(crop, int(torch.randint(4, ())), (1, 2))
            turns = torch.rand(3).tolist()
            if turns[0] < 0.5:
                crop = crop.flip(2)
            if turns[1] < 0.3:
                crop = crop[torch.randperm(3)]
            result[i] = 1 - crop if turns[2] < 0.15 else crop
        return result
