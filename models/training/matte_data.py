"""Draw composites for the matte into shards: uint8 [count, 256, 256, 4] (RGB and true matte), one .npy file each.

    python matte_data.py --out $WORK/matte-data --shards 12

Shard `number` depends on its number and `--busy` alone (seed = 104729 + number).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from procedural.composite import composite
from procedural.noise import NoisePool

SIDE = 256


def draw_shard(number: int, count: int, busy: float = 0.0) -> np.ndarray:
    """`count` composites; those whose object covers less than 2 % or more than 75 % of the frame are drawn again."""
    rng = np.random.default_rng(104729 + number)
    shard = np.empty((count, SIDE, SIDE, 4), np.uint8)
    pool = NoisePool(rng)
    done = 0
    while done < count:
        picture, matte = composite(rng, pool, SIDE, busy)
        if 0.02 < (matte > 127).mean() < 0.75:
            shard[done, ..., :3], shard[done, ..., 3] = picture, matte
            done += 1
    return shard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shards", type=int, default=12)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=500, help="composites a shard")
    parser.add_argument("--busy", type=float, default=0.0, help="probability of a dead-leaves background")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    for number in range(args.first, args.first + args.shards):
        path = args.out / f"shard-{number:03d}.npy"
        if path.exists():
            continue
        start = time.time()
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, draw_shard(number, args.count, args.busy))
        temporary.rename(path)
        print(f"{path.name}: {args.count} composites in {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
