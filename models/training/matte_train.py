"""Train the matte on procedural composites: of one size first, of mixed sizes later. Resumes by itself.

    python matte_train.py --data $WORK/matte-data --out $WORK/matte --steps 8000
"""

from __future__ import annotations

import argparse
import math
import signal
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from matte_batches import Shard, batch, open_shards
from matte_network import MatteNetwork

SAVE_EVERY_S = 180


def loss_of(outputs: tuple[Tensor, Tensor], target: Tensor) -> Tensor:
    """Cross-entropy at two scales plus a soft intersection-over-union term."""
    full, coarse = outputs
    shrunk = F.adaptive_avg_pool2d(target, coarse.shape[-1])
    entropy = F.binary_cross_entropy_with_logits(full, target) + 0.4 * F.binary_cross_entropy_with_logits(coarse, shrunk)
    alpha = torch.sigmoid(full)
    common = torch.minimum(alpha, target).sum((1, 2, 3))
    union = torch.maximum(alpha, target).sum((1, 2, 3))
    return entropy + 0.5 * (1 - (common + 1) / (union + 1)).mean()


def rate_at(step: int, steps: int, peak: float) -> float:
    """Linear warm-up over 200 steps, then a half cosine down to 1 % of the peak."""
    return peak * min(1.0, (step + 1) / 200) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / steps)))


def validation_iou(network: MatteNetwork, shard: Shard, side: int) -> float:
    """Mean IoU with the truth at threshold 0.5 over the first 128 composites of a shard that is never trained on."""
    network.eval()
    total, count = 0.0, min(128, len(shard.pictures))
    with torch.inference_mode():
        for i in range(0, count, 16):
            drawn = torch.from_numpy(np.array(shard.pictures[i : min(i + 16, count)])).permute(0, 3, 1, 2).float() / 255
            drawn = F.interpolate(drawn, (side, side), mode="bilinear", antialias=True)
            found, truth = network(drawn[:, :3])[0] > 0, drawn[:, 3:] > 0.5
            total += float(((found & truth).sum((1, 2, 3)) / (found | truth).sum((1, 2, 3)).clamp(min=1)).sum())
    network.train()
    return total / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--small", type=int, default=160, help="side of the first pictures in px")
    parser.add_argument("--sides", type=int, nargs="+", default=[128, 160, 192, 224, 256], help="sides of the later batches, drawn at random")
    parser.add_argument("--mixed-from", type=float, default=0.75, help="fraction of the steps after which the side varies")
    parser.add_argument("--teacher-weight", type=float, default=0.6)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    network, average = MatteNetwork().to(memory_format=torch.channels_last), MatteNetwork().to(memory_format=torch.channels_last)
    average.load_state_dict(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=0.02)
    step, last = 0, args.out / "last.pt"
    if last.exists():
        saved = torch.load(last, weights_only=True)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        step = saved["step"]
        print(f"resumed at step {step}", flush=True)

    begun, saved_at, total, fresh = time.time(), time.time(), 0.0, True
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))
    while step < args.steps and not stop:
        if fresh or step % 500 == 0:
            held_out, *shards = open_shards(args.data)
            fresh = False
        rng = np.random.default_rng([args.seed, step])
        side = args.small if step < args.mixed_from * args.steps else int(rng.choice(args.sides))
        pictures, target = batch(rng, shards, args.batch, side, args.teacher_weight)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, args.steps, args.rate)
        loss = loss_of(network(pictures), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        step += 1
        total += float(loss.detach())
        with torch.no_grad():
            decay = min(0.998, (1 + step) / (10 + step))
            for mean, value in zip(average.state_dict().values(), network.state_dict().values()):
                mean.lerp_(value, 1 - decay) if mean.is_floating_point() else mean.copy_(value)
        if step % 250 == 0:
            iou = validation_iou(average, held_out, args.small)
            print(f"step {step} loss {total / 250:.4f} held-out IoU {iou:.3f}, {(time.time() - begun) / 250:.3f} s/step, {len(shards)} shards", flush=True)
            begun, total = time.time(), 0.0
        if time.time() - saved_at > SAVE_EVERY_S or step == args.steps or stop:
            state = {"network": network.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save({**state, "step": step}, last.with_suffix(".tmp"))
            last.with_suffix(".tmp").rename(last)
            saved_at = time.time()


if __name__ == "__main__":
    main()
