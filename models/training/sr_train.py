"""Train one upscaler on procedural shards. Resumes from its checkpoint whenever one is there.

    python sr_train.py --scale 4 --data $WORK/sr-data --out $WORK/sr-x4 --steps 9000
    python sr_train.py --scale 2 --data $WORK/sr-data --out $WORK/sr-x2 --steps 4800 --start $WORK/sr-x4/last.pt
"""

from __future__ import annotations

import argparse
import math
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sr_batches import crops, downscale, open_shards, to_tensor
from sr_network import SrNetwork

LUMA = torch.tensor([65.481, 128.553, 24.966]).view(1, 3, 1, 1) / 219
SAVE_EVERY_S = 180


def loss_of(output: Tensor, target: Tensor, squared: bool) -> Tensor:
    """Luma error plus 0.3 × RGB error, absolute or (late in training) squared on a comparable scale."""
    error = output - target
    luma = (error * LUMA.to(error.device)).sum(1, keepdim=True)
    if squared:
        return 10 * (luma.square().mean() + 0.3 * error.square().mean())
    return luma.abs().mean() + 0.3 * error.abs().mean()


def rate_at(step: int, steps: int, peak: float) -> float:
    """Linear warm-up over 200 steps, then a half cosine down to 1 % of the peak."""
    warm = min(1.0, (step + 1) / 200)
    return peak * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def start_from(network: SrNetwork, path: Path) -> None:
    """Take every tensor of matching shape (the trunk) from another scale's averaged weights."""
    source = torch.load(path, weights_only=True)["average"]
    own = network.state_dict()
    own.update({k: v for k, v in source.items() if k in own and own[k].shape == v.shape})
    network.load_state_dict(own)


def validation_psnr(network: SrNetwork, scale: int, shard: np.ndarray) -> float:
    """Mean luma PSNR in dB over the first 32 patches of a shard that is never trained on."""
    return validation_psnr_of(network, scale, to_tensor(np.asarray(shard[:32])), downscale)


def validation_psnr_of(network: SrNetwork, scale: int, held_out: Tensor, degrade: Callable[[Tensor, int], Tensor]) -> float:
    """Mean luma PSNR in dB over the first 32 of the pictures [n, 3, h, w], as bytes or 0..1, that `degrade` reduces by the scale."""
    total, pictures = 0.0, held_out[:32, :, :192, :192]
    with torch.inference_mode():
        for part in pictures.split(8):
            target = part.float() / 255 if part.dtype == torch.uint8 else part
            error = ((network(degrade(target, scale)) - target) * LUMA.to(target.device)).sum(1)
            total += float((-10 * error.square().mean((1, 2)).clamp(min=1e-9).log10()).sum())
    return total / len(pictures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, required=True, choices=(2, 3, 4))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="checkpoint of another scale whose trunk is taken over")
    parser.add_argument("--steps", type=int, default=24000)
    parser.add_argument("--squared-from", type=float, default=0.8, help="fraction of the steps after which the loss is squared")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--patch", type=int, default=40, help="side of a training input in px")
    parser.add_argument("--features", type=int, default=32)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    network = SrNetwork(args.scale, args.features, args.layers)
    if args.start:
        start_from(network, args.start)
    optimiser = torch.optim.Adam(network.parameters(), lr=args.rate, betas=(0.9, 0.99))
    average = SrNetwork(args.scale, args.features, args.layers)
    average.load_state_dict(network.state_dict())
    step, last = 0, args.out / "last.pt"
    if last.exists():
        saved = torch.load(last, weights_only=True)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
        print(f"resumed at step {step}", flush=True)

    def save() -> None:
        state = {"network": network.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
        shape = {"scale": args.scale, "features": args.features, "layers": args.layers}
        torch.save({**state, **shape, "step": step}, last.with_suffix(".tmp"))
        last.with_suffix(".tmp").rename(last)

    saved_at, begun, total = time.time(), time.time(), 0.0
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))
    while step < args.steps and not stop:
        if step % 500 == 0 or total == 0.0:
            held_out, *shards = open_shards(args.data)
        rng = np.random.default_rng([args.seed, step])
        target = to_tensor(crops(rng, shards, args.batch, args.patch * args.scale))
        source = downscale(target, args.scale)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, args.steps, args.rate)
        loss = loss_of(network(source), target, squared=step >= args.squared_from * args.steps)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 0.5)
        optimiser.step()
        step += 1
        total += float(loss.detach())
        with torch.no_grad():
            decay = min(0.999, (1 + step) / (20 + step))
            for mean, value in zip(average.parameters(), network.parameters()):
                mean.lerp_(value, 1 - decay)
        if step % 500 == 0:
            dB, took = validation_psnr(average, args.scale, held_out), (time.time() - begun) / 500
            print(f"step {step} loss {total / 500:.5f} held-out {dB:.3f} dB, {took:.3f} s/step, {len(shards)} shards", flush=True)
            begun, total = time.time(), 1e-12
        if time.time() - saved_at > SAVE_EVERY_S or step == args.steps or stop:
            save()
            saved_at = time.time()


if __name__ == "__main__":
    main()
