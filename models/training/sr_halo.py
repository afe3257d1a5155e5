"""Find an upscaler's receptive radius by running it: the smallest halo at which a tile equals the whole picture's middle.

    python sr_halo.py --model ../pixelmesh-sr-x4.onnx
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnxruntime as ort


def receptive_radius(path: Path) -> int:
    """Largest distance in input px at which changing one pixel changes any output pixel."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(3).random((1, 3, 97, 97), np.float32)
    changed = x.copy()
    changed[:, :, 48, 48] = 1 - changed[:, :, 48, 48]
    first, second = (session.run(None, {"input": v})[0] for v in (x, changed))
    scale = first.shape[2] // 97
    rows = np.flatnonzero(np.abs(first - second).max((0, 1, 3)) > 0) // scale
    return int(max(48 - rows.min(), rows.max() - 48))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    args = parser.parse_args()
    print(f"{args.model.name}: receptive radius {receptive_radius(args.model)} input px")


if __name__ == "__main__":
    main()
