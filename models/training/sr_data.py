"""Draw training pictures for the upscalers into shards: uint8 arrays [count, 256, 256, 3], one .npy file each.

    python sr_data.py --out $WORK/sr-data --shards 24

A shard's content depends on its number alone (seed = 7919 + number), so shards can be drawn in any order and process.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from procedural.dead_leaves import camera, dead_leaves
from procedural.noise import NoisePool

PATCH = 256
DRAWING = 1024


def detail(patch: np.ndarray) -> float:
    """Mean absolute difference, in 8-bit levels, between a patch and its blurred self: what upscaling must restore."""
    luma = patch[..., 1].astype(np.float32)
    return float(np.abs(luma - cv2.GaussianBlur(luma, (0, 0), 2.0)).mean())


def draw_shard(number: int, count: int) -> np.ndarray:
    """`count` patches [count, 256, 256, 3] uint8; every scene gives one to four of them."""
    rng = np.random.default_rng(7919 + number)
    pool = NoisePool(rng)
    patches: list[np.ndarray] = []
    while len(patches) < count:
        picture = camera(rng, dead_leaves(rng, pool, DRAWING), float(rng.choice([1.5, 2.0, 2.0, 3.0, 4.0])))
        steps = picture.shape[0] // PATCH
        slack = picture.shape[0] - steps * PATCH
        dy, dx = rng.integers(0, slack + 1, 2)
        for i in range(steps):
            for j in range(steps):
                y, x = dy + i * PATCH, dx + j * PATCH
                patch = picture[y : y + PATCH, x : x + PATCH]
                if detail(patch) > 3.0 or rng.random() < 0.1:
                    patches.append(patch)
    return np.stack(patches[:count])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shards", type=int, default=24)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=400, help="patches a shard")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    for number in range(args.first, args.first + args.shards):
        path = args.out / f"shard-{number:03d}.npy"
        if path.exists():
            continue
        start = time.time()
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, draw_shard(number, args.count))
        temporary.rename(path)
        print(f"{path.name}: {args.count} patches in {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
