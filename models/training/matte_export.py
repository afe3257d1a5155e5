"""Export the matte's averaged weights to ONNX, compare with torch, and time it (beside another model if asked).

    python matte_export.py --checkpoint $WORK/matte/last.pt --out ../pixelmesh-matte.onnx
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

from matte_network import MatteForUse, MatteNetwork

OPSET = 17
SIDES = (256, 128)  # the first is the side of the input, in px; the picture is also looked at in the others


def load(path: Path, sides: tuple[int, ...] = SIDES) -> MatteForUse:
    """The averaged network, ready for use at the given sides."""
    network = MatteNetwork()
    network.load_state_dict(torch.load(path, weights_only=True)["average"])
    return MatteForUse(network, sides).eval()


def milliseconds(path: Path, threads: int) -> float:
    """Best of ten runs on one random picture."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    tensor = session.get_inputs()[0]
    x = np.random.default_rng(0).random(tensor.shape, np.float32)
    times = []
    for _ in range(11):
        start = time.perf_counter()
        session.run(None, {tensor.name: x})
        times.append(time.perf_counter() - start)
    return min(times[1:]) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sides", type=int, nargs="+", default=list(SIDES))
    parser.add_argument("--beside", type=Path, help="another ONNX file of fixed input size to time in the same minute")
    args = parser.parse_args()
    sides = tuple(args.sides)
    network, side = load(args.checkpoint, sides), sides[0]
    x = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(5))
    temporary = args.out.with_suffix(".tmp")
    torch.onnx.export(network, x, str(temporary), opset_version=OPSET, dynamo=False, input_names=["input"], output_names=["output"])
    with torch.inference_mode():
        expected = network(x).numpy()
    session = ort.InferenceSession(str(temporary), providers=["CPUExecutionProvider"])
    difference = float(np.abs(session.run(None, {"input": x.numpy()})[0] - expected).max())
    if difference > 1e-3:
        raise SystemExit(f"ONNX Runtime differs from torch by {difference:.2e}, expected at most 1e-3")
    temporary.replace(args.out)
    print(f"{args.out.name}: {args.out.stat().st_size} bytes, input {side}×{side}, differs from torch by {difference:.1e}")
    print(f"{milliseconds(args.out, args.threads):.1f} ms a picture with {args.threads} threads")
    if args.beside:
        print(f"{milliseconds(args.beside, args.threads):.1f} ms for {args.beside.name}")


if __name__ == "__main__":
    main()
