"""Six results of the matte, three of the best and the three worst of 60 unseen composites, as one picture for the card.

    python matte_examples.py --model ../pixelmesh-matte.onnx --out ../cards/pixelmesh-matte-examples.png

Each row: the picture, the true matte, the model's alpha, the cut-out over a checkerboard, with the IoU at 0.5.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from matte_data import SIDE, draw_shard
from matte_evaluate import from_onnx

SHARD = 9001
TILE = 192


def row(picture: np.ndarray, truth: np.ndarray, alpha: np.ndarray, iou: float) -> np.ndarray:
    """uint8 RGB [TILE, 4·TILE, 3]."""
    yy, xx = np.mgrid[0:SIDE, 0:SIDE] // 16
    board = np.where((yy + xx) % 2, 200, 255)[..., None]
    cut = picture * alpha[..., None] + board * (1 - alpha[..., None])
    panels = [picture, np.dstack([truth] * 3), np.dstack([alpha * 255] * 3), cut]
    strip = np.concatenate([cv2.resize(p.astype(np.uint8), (TILE, TILE), interpolation=cv2.INTER_AREA) for p in panels], 1)
    cv2.rectangle(strip, (3 * TILE, 0), (3 * TILE + 62, 18), (0, 0, 0), -1)
    cv2.putText(strip, f"IoU {iou:.2f}", (3 * TILE + 3, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
    return strip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    matte = from_onnx(args.model, 1)
    rows: list[tuple[float, np.ndarray]] = []
    for drawn in draw_shard(SHARD, 60):
        alpha, truth = matte(drawn[..., :3]), drawn[..., 3]
        found, real = alpha > 0.5, truth > 127
        iou = float((found & real).sum() / max(1, (found | real).sum()))
        rows.append((iou, row(drawn[..., :3], truth, alpha, iou)))
    rows.sort(key=lambda pair: -pair[0])
    print(f"mean IoU of the 60: {np.mean([iou for iou, _ in rows]):.3f}")
    chosen = [rows[i] for i in (2, 12, 22, -3, -2, -1)]
    left, right = (np.concatenate([strip for _, strip in half]) for half in (chosen[:3], chosen[3:]))
    sheet = np.concatenate([left, np.full((left.shape[0], 8, 3), 255, np.uint8), right], 1)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(args.out), sheet[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
