"""IoU at 0.5 and mean absolute error of a matte on a folder of NAME.(jpg|png) with NAME.mask.png (0, 128 = ignore, 255).

    python matte_evaluate.py --set ../../../shared/data/matting/GrabCut --model ../pixelmesh-matte.onnx
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

Matte = Callable[[np.ndarray], np.ndarray]


def from_onnx(path: Path, threads: int) -> Matte:
    """Squash to the model's square, run, stretch back: uint8 RGB [h, w, 3] → alpha float32 [h, w]."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    side = session.get_inputs()[0].shape[2]
    return lambda picture: stretched(picture, side, lambda x: session.run(None, {"input": x})[0])


def from_checkpoint(path: Path) -> Matte:
    """The averaged weights of a training checkpoint."""
    import torch

    from matte_export import SIDES, load

    network = load(path)

    def run(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(x)).numpy()

    return lambda picture: stretched(picture, SIDES[0], run)


def stretched(picture: np.ndarray, side: int, run: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    x = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    alpha = run(np.ascontiguousarray(x.transpose(2, 0, 1)[None]))[0, 0]
    return cv2.resize(alpha, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def evaluate(matte: Matte, folder: Path, quiet: bool = False) -> tuple[float, float]:
    """Mean IoU and MAE over the folder, pixels marked 128 left out; prints a line for every picture."""
    scores = []
    for mask_path in sorted(folder.glob("*.mask.png")):
        name = mask_path.name.removesuffix(".mask.png")
        path = next(p for p in sorted(folder.glob(f"{name}.*")) if ".mask." not in p.name)
        picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        mask = cv2.imread(str(mask_path), cv2.IMREAD_GRAYSCALE)
        start = time.perf_counter()
        alpha = matte(picture)
        took = time.perf_counter() - start
        known, truth = mask != 128, mask == 255
        found = (alpha > 0.5) & known
        iou = (found & truth).sum() / max(1, (found | truth).sum())
        scores.append((iou, np.abs(alpha - truth)[known].mean()))
        if not quiet:
            print(f"{name:12s} IoU {iou:.3f}  MAE {scores[-1][1]:.3f}  {took * 1e3:.0f} ms")
    iou, mae = np.mean(scores, 0)
    print(f"{'mean':12s} IoU {iou:.3f}  MAE {mae:.3f}  ({len(scores)} pictures)")
    return float(iou), float(mae)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="an .onnx or .pt file")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    matte = from_checkpoint(args.model) if args.model.suffix == ".pt" else from_onnx(args.model, args.threads)
    evaluate(matte, args.set)


if __name__ == "__main__":
    main()
