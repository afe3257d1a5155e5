"""Train an upscaler within a time budget: from the truth alone (a teacher), or from the truth and a teacher's answer (a student)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gpu_batches import DeviceShards
from sr_network import SrNetwork
from sr_train import loss_of, validation_psnr_of

Degrade = Callable[[Tensor, int], Tensor]


@dataclass(frozen=True)
class SrTask:
    """One network to train: its scale, its shape, its training time in seconds, and how its inputs are made."""

    name: str
    scale: int
    features: int
    layers: int
    budget_s: float
    degrade: Degrade
    batch: int
    patch: int
    rate: float = 1e-3
    teacher_weight: float = 0.5
    squared_from: float = 0.8


def rate_at(done: float, peak: float) -> float:
    """Linear warm-up over the first 2 % of the budget, then a half cosine down to 1 % of the peak. `done` is 0 to 1."""
    return peak * min(1.0, done / 0.02 + 0.05) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(done, 1.0))))


def train_upscaler(task: SrTask, shards: DeviceShards, out: Path | None, device: torch.device, start: SrNetwork | None = None, teacher: SrNetwork | None = None) -> SrNetwork:
    """Trains until the budget is spent, writes `out`/<name>.pt in the format of sr_train.py if a folder is given, and returns the averaged network. The trunk
    of `start` is taken over where shapes match. New shards are loaded while they appear."""
    begun = time.monotonic()
    network = SrNetwork(task.scale, task.features, task.layers).to(device)
    if start is not None:
        own = network.state_dict()
        own.update({k: v for k, v in start.state_dict().items() if k in own and own[k].shape == v.shape})
        network.load_state_dict(own)
    average = SrNetwork(task.scale, task.features, task.layers).to(device)
    average.load_state_dict(network.state_dict())
    optimiser = torch.optim.Adam(network.parameters(), lr=task.rate, betas=(0.9, 0.99))
    step, looked, patches = 0, begun, shards.refresh()
    while (done := (time.monotonic() - begun) / task.budget_s) < 1 or step == 0:
        if time.monotonic() - looked > 10:
            looked, patches = time.monotonic(), shards.refresh()
        target = shards.crops(task.batch, task.patch * task.scale)
        source = task.degrade(target, task.scale)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(done, task.rate)
        output = network(source)
        loss = loss_of(output, target, squared=done >= task.squared_from)
        if teacher is not None:
            with torch.no_grad():
                wanted = teacher(source)
            loss = (1 - task.teacher_weight) * loss + task.teacher_weight * loss_of(output, wanted, squared=done >= task.squared_from)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 0.5)
        optimiser.step()
        step += 1
        with torch.no_grad():
            decay = min(0.999, (1 + step) / (20 + step))
            for mean, value in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(value, 1 - decay)
    if out is not None:
        shape = {"scale": task.scale, "features": task.features, "layers": task.layers}
        cpu = {key: tensor.cpu() for key, tensor in average.state_dict().items()}
        torch.save({"average": cpu, **shape, "step": step}, out / f"{task.name}.pt")
    psnr = validation_psnr_of(average, task.scale, shards.held_out, task.degrade) if shards.held_out is not None else float("nan")
    taken = time.monotonic() - begun
    print(f"{task.name}: {step} steps in {taken:.0f} s on {patches} patches, loss {float(loss):.5f}, held-out {psnr:.3f} dB", flush=True)
    return average

