"""PSNR and PSNR-B on luma of ONNX files and of bicubic, on pictures that are reduced and stored as JPEG of several qualities.

    python sr_photo_evaluate.py --set ../../../shared/data/photos --model ../pixelmesh-sr-x4.onnx ../pixelmesh-sr-x4-photo.onnx

The pictures are cut to their middle 512x512 px, as `make eval-models` does, which measures the same through a mesh with code of its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from compressed_batches import stored
from resize import imresize
from sr_evaluate import from_onnx, luma

SIDE = 512
BLOCK = 8

Upscaler = Callable[[np.ndarray], np.ndarray]


def load(folder: Path, scale: int) -> list[np.ndarray]:
    """The middles of the pictures of a folder, cut to multiples of the scale."""
    pictures = []
    for path in sorted(each for each in folder.iterdir() if each.suffix in (".png", ".jpg")):
        picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        height, width = (min(SIDE, side) // scale * scale for side in picture.shape[:2])
        y, x = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
        pictures.append(picture[y : y + height, x : x + width])
    return pictures


def blocking_effect(plane: np.ndarray, block: int) -> float:
    """The blocking effect factor of Yim and Bovik (2011): how much squared steps at borders of blocks exceed the others."""
    down, across = np.square(np.diff(plane, axis=0)), np.square(np.diff(plane, axis=1))
    rows = np.arange(1, plane.shape[0]) % block == 0
    columns = np.arange(1, plane.shape[1]) % block == 0
    border = np.concatenate([down[rows].ravel(), across[:, columns].ravel()]).mean()
    other = np.concatenate([down[~rows].ravel(), across[:, ~columns].ravel()]).mean()
    return np.log2(block) / np.log2(min(plane.shape)) * (border - other) if border > other else 0.0


def scores(result: np.ndarray, truth: np.ndarray, scale: int) -> tuple[float, float]:
    """PSNR with a border of `scale` px cut, and PSNR-B of the whole, in dB."""
    a, b = luma(result), luma(truth)
    inner = np.s_[scale:-scale, scale:-scale]
    psnr = 10 * np.log10(255**2 / np.mean((a[inner] - b[inner]) ** 2))
    return psnr, 10 * np.log10(255**2 / (np.mean((a - b) ** 2) + blocking_effect(a, BLOCK * scale)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, required=True)
    parser.add_argument("--model", type=Path, nargs="+", required=True)
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--quality", type=int, nargs="*", default=[0, 95, 90, 85, 75, 60, 45, 30], help="0: not stored as JPEG")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    scale = args.scale
    upscalers: dict[str, Upscaler] = {"bicubic": lambda x: imresize(x, x.shape[0] * scale, x.shape[1] * scale)}
    upscalers |= {path.stem: from_onnx(path, args.threads) for path in args.model}
    truths = load(args.set, scale)
    smalls = [imresize(truth, truth.shape[0] // scale, truth.shape[1] // scale) for truth in truths]
    print(f"{'':10s} " + " ".join(f"{name[-24:]:>24s}" for name in upscalers) + "   (PSNR, PSNR-B)")
    for quality in args.quality:
        cells = []
        for upscale in upscalers.values():
            pairs = zip(smalls, truths, strict=True)
            found = [scores(upscale(stored(small, quality, quality >= 90) if quality else small), truth, scale) for small, truth in pairs]
            psnr, psnr_b = np.mean(found, 0)
            cells.append(f"{psnr:14.3f} {psnr_b:9.3f}")
        print(f"{f'JPEG {quality}' if quality else 'PNG':10s} " + " ".join(cells), flush=True)


if __name__ == "__main__":
    main()
