"""Train the matte within a time budget on one device, with batches that worker processes prepare."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from matte_batches import batch, open_shards
from matte_network import MatteNetwork
from matte_train import loss_of, validation_iou
from sr_distill import rate_at

SIDES = (128, 160, 192, 224, 256)
SMALL = 160


class Composites(IterableDataset):
    """Endless batches. `late` is shared with the trainer: from then on the side varies."""

    def __init__(self, folder: Path, count: int, teacher_weight: float, late: torch.Tensor) -> None:
        self._folder, self._count, self._weight, self._late = folder, count, teacher_weight, late

    def __iter__(self):
        worker = get_worker_info()
        rng = np.random.default_rng([1, worker.id if worker else 0])
        _, *shards = open_shards(self._folder)
        while True:
            side = int(rng.choice(SIDES)) if self._late[0] else SMALL
            yield batch(rng, shards, self._count, side, self._weight)


def train_matte(folder: Path, out: Path, device: torch.device, budget_s: float, workers: int, count: int = 32, teacher_weight: float = 0.85, rate: float = 2e-3) -> None:
    """Trains on the shards of `folder` but the first, which is held out, until the budget is spent, and writes `out`/matte.pt in the format of matte_train.py."""
    begun = time.monotonic()
    network, average = MatteNetwork().to(device), MatteNetwork().to(device)
    average.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02)
    late = torch.zeros(1).share_memory_()
    loader = DataLoader(Composites(folder, count, teacher_weight, late), batch_size=None, num_workers=workers)
    step, loss = 0, torch.zeros(())
    for pictures, target in loader:
        done = (time.monotonic() - begun) / budget_s
        if done >= 1 and step > 0:
            break
        late[0] = done > 0.75
        for group in optimiser.param_groups:
            group["lr"] = rate_at(done, rate)
        loss = loss_of(network(pictures.to(device)), target.to(device))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        step += 1
        with torch.no_grad():
            decay = min(0.998, (1 + step) / (10 + step))
            for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
                mean.lerp_(value, 1 - decay) if mean.is_floating_point() else mean.copy_(value)
    torch.save({"average": {key: tensor.cpu() for key, tensor in average.state_dict().items()}, "step": step}, out / "matte.pt")
    iou = validation_iou(average.cpu(), open_shards(folder)[0], SMALL)
    print(f"matte: {step} steps in {time.monotonic() - begun:.0f} s, loss {float(loss):.4f}, held-out IoU {iou:.3f}", flush=True)
