"""Label composites with u2netp: what a network that has seen photographs finds salient in our procedural pictures.

    python matte_teacher.py --data $WORK/matte-data --teacher u2netp.onnx --shards 6

Writes teacher-NNN.npy, uint8 [count, 128, 128], beside every shard-NNN.npy. The teacher (U²-Net, Apache-2.0) runs at
256² instead of 320²: its graph has no size baked in but that of the input, and labels cost a third less.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime as ort

SIDE = 256
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def open_teacher(path: Path, threads: int) -> ort.InferenceSession:
    """u2netp with its input size set to SIDE and its side outputs cut off."""
    model = onnx.load(str(path))
    for axis in (2, 3):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = SIDE
    del model.graph.value_info[:], model.graph.output[1:]
    model.graph.output[0].type.tensor_type.ClearField("shape")
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def label(session: ort.InferenceSession, picture: np.ndarray) -> np.ndarray:
    """uint8 RGB [256, 256, 3] → uint8 saliency [128, 128]; stretched to the full range unless nothing is found."""
    x = picture.astype(np.float32) / max(float(picture.max()), 1.0)
    x = ((x - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)
    saliency = session.run(None, {session.get_inputs()[0].name: x})[0][0, 0]
    if saliency.max() > 0.3:
        saliency = (saliency - saliency.min()) / (saliency.max() - saliency.min())
    small = cv2.resize(saliency, (128, 128), interpolation=cv2.INTER_AREA)
    return np.clip(small * 255 + 0.5, 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--shards", type=int, default=1000, help="label at most so many shards")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    session = open_teacher(args.teacher, args.threads)
    for path in sorted(p for p in args.data.glob("shard-*.npy") if ".tmp" not in p.name)[: args.shards]:
        out = path.with_name(path.name.replace("shard", "teacher"))
        if out.exists():
            continue
        start = time.time()
        shard = np.load(path, mmap_mode="r")
        labels = np.stack([label(session, picture[..., :3]) for picture in shard])
        truth = np.stack([cv2.resize(picture[..., 3], (128, 128), interpolation=cv2.INTER_AREA) for picture in shard]) > 127
        found = labels > 127
        overlap = (found & truth).sum((1, 2)) / np.maximum((found | truth).sum((1, 2)), 1)
        np.save(out, labels)
        print(f"{out.name}: {time.time() - start:.0f} s, mean IoU with the truth {overlap.mean():.3f}", flush=True)


if __name__ == "__main__":
    main()
