"""Go on training an exported upscaler on compressed pictures, on a CPU, within a time limit. Resumes from its checkpoint if one is there.

    python sr_photo_train.py --start ../pixelmesh-sr-x4.onnx --data $WORK/sr-data --out $WORK/sr-photo-x4 --minutes 60

The last patches of each shard are held out (--held-out): photographs.py and sr_data.py write the patches of one picture one after the other.
"""

from __future__ import annotations

import argparse
import signal
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from compressed_batches import Mix, batch_of, stored
from resize import imresize
from sr_batches import open_shards, to_tensor
from sr_distill import rate_at
from sr_network import SrNetwork
from sr_restore import restore
from sr_train import LUMA, loss_of

SAVE_EVERY_S = 120
REPORT_EVERY = 200
QUALITIES = (None, 60, 45, 30)


def load_shards(folder: Path, held_out: int, photographs: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The shards of a folder without their last `held_out` patches, and those of the last shard. Shards of photographs (shard-9*) are repeated, because a batch
    takes each entry equally often."""
    names = sorted(path.name for path in folder.glob("shard-*.npy") if ".tmp" not in path.name)
    whole = [np.asarray(shard) for shard in open_shards(folder)]
    shards = [
        shard[:-held_out]
        for shard, name in zip(whole, names, strict=True)
        for _ in range(photographs if name.startswith("shard-9") else 1)
    ]
    return shards, whole[-1][-held_out:]


def forward(network: SrNetwork, source: Tensor, is_rough: bool) -> Tensor:
    """The network's output. `is_rough`: its convolutions run in bfloat16. A step then took 0.65 × as long on a processor with AVX-512. The interpolation, to which
    they add small differences, stays in single precision."""
    if not is_rough:
        return network(source)
    base = F.conv2d(F.pad(source, (2, 2, 2, 2), mode="replicate"), network.interpolation)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = F.prelu(network.head(source), network.slopes[0])
        for conv, slope in zip(network.body, list(network.slopes)[1:], strict=True):
            y = F.prelu(conv(y), slope)
        y = network.tail(y)
    return F.pixel_shuffle(base + y.float(), network.scale)


def held_out_pairs(pictures: np.ndarray, scale: int) -> list[tuple[Tensor, Tensor]]:
    """For each of QUALITIES the reduced and stored pictures and the originals, 192 px a side."""
    pairs = []
    targets = np.ascontiguousarray(pictures[:, :192, :192])
    for quality in QUALITIES:
        small = [imresize(target, 192 // scale, 192 // scale) for target in targets]
        sources = np.stack([each if quality is None else stored(each, quality, False) for each in small])
        pairs.append((to_tensor(sources), to_tensor(targets)))
    return pairs


def psnrs(network: SrNetwork, pairs: list[tuple[Tensor, Tensor]]) -> list[float]:
    """Mean luma PSNR in dB for each of QUALITIES."""
    found = []
    with torch.inference_mode():
        for sources, targets in pairs:
            errors = [((network(source) - target) * LUMA).sum(1) for source, target in zip(sources.split(8), targets.split(8), strict=True)]
            found.append(float((-10 * torch.cat(errors).square().mean((1, 2)).clamp(min=1e-9).log10()).mean()))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", type=Path, required=True, help="an ONNX file that sr_export.py wrote")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True, help="of training, over all runs of this command")
    parser.add_argument("--held-out", type=int, default=17, help="patches at the end of each shard that are never trained on")
    parser.add_argument("--photographs", type=int, default=2, help="how often a shard of photographs counts")
    parser.add_argument("--rough-until", type=float, default=0.75, help="0 to 1: convolutions run in bfloat16 in this first part of --minutes")
    parser.add_argument("--squared-from", type=float, default=0.5, help="0 to 1: the loss is squared after this first part of --minutes")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--patch", type=int, default=40, help="side of a training input in px")
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    network, average = restore(args.start), restore(args.start)
    average.load_state_dict(network.state_dict())
    scale = network.scale
    optimiser = torch.optim.Adam(network.parameters(), lr=args.rate, betas=(0.9, 0.99))
    step, spent, last = 0, 0.0, args.out / "last.pt"
    if last.exists():
        saved = torch.load(last, weights_only=True)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        step, spent = saved["step"], saved["spent_s"]
        print(f"resumed at step {step}", flush=True)

    shards, held_out = load_shards(args.data, args.held_out, args.photographs)
    pairs = held_out_pairs(held_out, scale)
    features, layers = network.head.bias.numel(), len(network.body)

    def save() -> None:
        state = {"network": network.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
        shape = {"scale": scale, "features": features, "layers": layers}
        torch.save({**state, **shape, "step": step, "spent_s": spent}, last.with_suffix(".tmp"))
        last.with_suffix(".tmp").rename(last)

    def report(loss: float) -> None:
        values = ", ".join(f"{'png' if q is None else q} {value:.3f}" for q, value in zip(QUALITIES, psnrs(average, pairs), strict=True))
        print(f"step {step}, {spent / 60:.1f} min, loss {loss:.5f}, held-out dB: {values}", flush=True)

    mix, budget_s, saved_at, total = Mix(), args.minutes * 60, spent, 0.0
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stop.append(number))
    report(float("nan"))
    while spent < budget_s and not stop:
        begun, done = time.monotonic(), spent / budget_s
        source, target = batch_of(np.random.default_rng([args.seed, step]), shards, scale, args.batch, args.patch, mix)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(done, args.rate)
        output = forward(network, to_tensor(source), is_rough=done < args.rough_until)
        loss = loss_of(output, to_tensor(target), squared=done >= args.squared_from)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 0.5)
        optimiser.step()
        step += 1
        total += float(loss.detach())
        with torch.no_grad():
            decay = min(0.998, (1 + step) / (20 + step))
            for mean, value in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(value, 1 - decay)
        spent += time.monotonic() - begun
        if step % REPORT_EVERY == 0:
            report(total / REPORT_EVERY)
            total = 0.0
            shards, _ = load_shards(args.data, args.held_out, args.photographs)
        if spent - saved_at > SAVE_EVERY_S:
            save()
            saved_at = spent
    save()
    report(total / max(1, step % REPORT_EVERY))


if __name__ == "__main__":
    main()
