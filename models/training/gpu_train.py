"""Train all models of this project on one GPU within a time limit. Called by gpu_train.sh; nothing is fetched.

    python gpu_train.py --data $WORK/data --out $OUT --minutes 9
    python gpu_train.py --data /tmp/data --out /tmp/out --minutes 1 --tiny       # proves on a CPU that all parts run

`--data` may hold sr/shard-*.npy and matte/shard-*.npy, such as the photographs; the rest is drawn by the CPUs meanwhile. Writes sr-teacher-x4.pt, sr-x4.pt,
sr-x2.pt, sr-photo-x4.pt, matte.pt, and log.txt. Each file appears as soon as its network is trained, so that an early end leaves the earlier ones.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from degrade import degrade
from draw_pool import DrawPool
from gpu_batches import DeviceShards
from matte_budget import train_matte
from sr_batches import downscale
from sr_distill import SrTask, train_upscaler
from sr_network import SrNetwork


@dataclass(frozen=True)
class Size:
    """How much is drawn, and the shapes of the networks. Teachers have 0.6 to 1 M parameters when folded, students at most 0.15 M."""

    sr_shards: int
    sr_count: int
    matte_shards: int
    matte_count: int
    teacher: tuple[int, int]
    student: tuple[int, int]
    batch: int
    patch: int


# Small shards, so that the first are there soon.
FULL = Size(64, 100, 32, 200, teacher=(64, 20), student=(32, 12), batch=64, patch=48)
TINY = Size(2, 8, 2, 8, teacher=(16, 2), student=(8, 2), batch=4, patch=24)

DRAW_LIMIT_S = 300

# How each network divides the time that remains after the first shards are written. What is left over is for loading, validation and writing.
SHARES = {"teacher": 0.22, "x4": 0.15, "x2-teacher": 0.07, "x2": 0.11, "photo-teacher": 0.10, "photo": 0.12, "matte": 0.17}


class Tee:
    """Writes to the terminal and to a file, so that a log comes back even from a run that is stopped."""

    def __init__(self, path: Path) -> None:
        self._file, self._stdout = path.open("a"), sys.stdout

    def write(self, text: str) -> None:
        self._stdout.write(text)
        self._file.write(text)

    def flush(self) -> None:
        self._stdout.flush()
        self._file.flush()


def wait_for(shards: DeviceShards, least: int) -> None:
    """Waits until there are patches to train on and a held-out shard. Throws TimeoutError after DRAW_LIMIT_S."""
    begun = time.monotonic()
    while shards.refresh() < least or shards.held_out is None:
        if time.monotonic() - begun > DRAW_LIMIT_S:
            raise TimeoutError(f"Expected shards within {DRAW_LIMIT_S} s, got none: are the cores busy?")
        time.sleep(0.5)


def train_upscalers(size: Size, shards: DeviceShards, out: Path, device: torch.device, seconds: float) -> None:
    """A teacher ×4 and its student; the teacher again for ×2, and its student; the teacher again on bad pictures, and its student `photo` ×4."""

    def task(name: str, share: str, scale: int, shape: tuple[int, int], how=downscale, **more: float) -> SrTask:
        return SrTask(name, scale, *shape, SHARES[share] * seconds, how, size.batch, size.patch, **more)

    def train(task: SrTask, folder: Path | None, start: SrNetwork | None = None, teacher: SrNetwork | None = None) -> SrNetwork:
        return train_upscaler(task, shards, folder, device, start, teacher)

    large, small = size.teacher, size.student
    teacher = train(task("sr-teacher-x4", "teacher", 4, large), out)
    student = train(task("sr-x4", "x4", 4, small), out, teacher=teacher)
    teacher2 = train(task("teacher-x2", "x2-teacher", 2, large, rate=5e-4), None, start=teacher)
    train(task("sr-x2", "x2", 2, small), out, start=student, teacher=teacher2)
    # The squared error would only blur what a bad picture has lost.
    bad = train(task("photo-teacher-x4", "photo-teacher", 4, large, degrade, rate=5e-4, squared_from=2.0), None, start=teacher)
    train(task("sr-photo-x4", "photo", 4, small, degrade, squared_from=2.0), out, start=student, teacher=bad)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--teacher", type=Path, help="u2netp.onnx, which labels composites for the matte")
    parser.add_argument("--tiny", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    sys.stdout = Tee(args.out / "log.txt")
    size, cores = TINY if args.tiny else FULL, os.cpu_count() or 1
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    print(f"torch {torch.__version__} on {torch.cuda.get_device_name() if device.type == 'cuda' else 'the CPU'}, {cores} cores, {args.minutes} min", flush=True)
    seconds, begun = args.minutes * 60, time.monotonic()
    pool = DrawPool(max(1, min(cores - 1, 14)))
    try:
        drawn = pool.patches(args.data / "sr", size.sr_shards, size.sr_count)
        drawn += pool.composites(args.data / "matte", size.matte_shards, size.matte_count, args.teacher)
        shards = DeviceShards(args.data / "sr", device)
        wait_for(shards, 8)
        print(f"first shards after {time.monotonic() - begun:.0f} s", flush=True)
        # Long draws must not push the end back.
        left = max(10.0, seconds - (time.monotonic() - begun))
        train_upscalers(size, shards, args.out, device, left)
        # The held-out shard of the matte and one to train on. The others are used if they are there.
        for future in drawn[size.sr_shards : size.sr_shards + 2]:
            future.result(timeout=DRAW_LIMIT_S)
        for future in drawn:
            if future.done():
                future.result()
        train_matte(args.data / "matte", args.out, device, SHARES["matte"] * left, workers=max(1, min(cores - 2, 12)), count=8 if args.tiny else 32)
    finally:
        pool.close()
    print(f"all done in {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
