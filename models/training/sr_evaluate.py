"""PSNR and SSIM on luma (border of `scale` px cut, LR by anti-aliased bicubic) of a checkpoint, an ONNX file or bicubic.

    python sr_evaluate.py --scale 4 --set ../../../shared/data/sr/Set5 --model ../pixelmesh-sr-x4.onnx
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from resize import imresize

Upscaler = Callable[[np.ndarray], np.ndarray]


def luma(picture: np.ndarray) -> np.ndarray:
    """BT.601 studio-range Y (16..235) of uint8 RGB [h, w, 3], as MATLAB's rgb2ycbcr."""
    return picture.astype(np.float64) @ (np.array([65.481, 128.553, 24.966]) / 255) + 16


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Wang et al. 2004: 11×11 Gaussian window, σ 1.5, over the valid region of two [h, w] pictures of range 255."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    blur = lambda x: cv2.GaussianBlur(x, (11, 11), 1.5)[5:-5, 5:-5]  # noqa: E731
    ma, mb = blur(a), blur(b)
    va, vb, cov = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    score = ((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    return float(score.mean())


def from_onnx(path: Path, threads: int) -> Upscaler:
    """Run an ONNX file on uint8 RGB [h, w, 3]."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda x: to_uint8(session.run(None, {name: to_planes(x)})[0])


def from_checkpoint(path: Path) -> Upscaler:
    """Run a training checkpoint's averaged weights on uint8 RGB [h, w, 3]."""
    import torch

    from sr_export import load_plain

    network = load_plain(path)

    def upscale(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return to_uint8(network(torch.from_numpy(to_planes(x))).numpy())

    return upscale


def to_planes(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x.transpose(2, 0, 1)[None]).astype(np.float32) / 255


def to_uint8(y: np.ndarray) -> np.ndarray:
    return np.clip(y[0].transpose(1, 2, 0) * 255 + 0.5, 0, 255).astype(np.uint8)


def evaluate(upscale: Upscaler, folder: Path, scale: int) -> tuple[float, float]:
    """Mean PSNR in dB and mean SSIM; prints a line for every picture."""
    scores = []
    for path in sorted(folder.glob("*.png")):
        truth = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        height, width = truth.shape[0] // scale * scale, truth.shape[1] // scale * scale
        truth = truth[:height, :width]
        result = upscale(imresize(truth, height // scale, width // scale))
        a, b = (luma(p)[scale:-scale, scale:-scale] for p in (truth, result))
        scores.append((10 * np.log10(255**2 / np.mean((a - b) ** 2)), ssim(a, b)))
        print(f"{path.stem:12s} {scores[-1][0]:.2f} dB  SSIM {scores[-1][1]:.4f}")
    psnr, similarity = np.mean(scores, 0)
    print(f"{'mean':12s} {psnr:.3f} dB  SSIM {similarity:.4f}")
    return float(psnr), float(similarity)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, required=True)
    parser.add_argument("--set", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="an .onnx or .pt file; bicubic where absent")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    if args.model is None:
        evaluate(lambda x: imresize(x, x.shape[0] * args.scale, x.shape[1] * args.scale), args.set, args.scale)
    else:
        load = from_checkpoint if args.model.suffix == ".pt" else lambda p: from_onnx(p, args.threads)
        evaluate(load(args.model), args.set, args.scale)


if __name__ == "__main__":
    main()
