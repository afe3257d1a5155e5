"""Fold a checkpoint into a plain ONNX file, compare it with torch, and time it.

    python sr_export.py --checkpoint $WORK/sr-x4/last.pt --out ../pixelmesh-sr-x4.onnx
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch

from sr_network import PlainSr, SrNetwork

OPSET = 17


def load_plain(path: Path) -> PlainSr:
    """The folded network of a checkpoint's averaged weights."""
    saved = torch.load(path, weights_only=True)
    network = SrNetwork(saved["scale"], saved["features"], saved["layers"])
    network.load_state_dict(saved["average"])
    return PlainSr(network).eval()


def export(network: PlainSr, out: Path) -> None:
    """Write `input` [n, 3, h, w] → `output` [n, 3, scale·h, scale·w], all of n, h, w dynamic."""
    names = {"input": {0: "n", 2: "h", 3: "w"}, "output": {0: "n", 2: "H", 3: "W"}}
    torch.onnx.export(
        network, torch.rand(1, 3, 40, 56), str(out), opset_version=OPSET, dynamo=False, input_names=["input"], output_names=["output"], dynamic_axes=names
    )


def tidy(path: Path) -> None:
    """Replace the exporter's computed padding by the constant it always is, and drop the nodes nobody reads any more."""
    model = onnx.load(str(path))
    graph = model.graph
    pads = onnx.numpy_helper.from_array(np.array([0, 0, 2, 2, 0, 0, 2, 2], np.int64), "pads")
    graph.initializer.append(pads)
    for node in graph.node:
        if node.op_type == "Pad":
            node.input[1:] = ["pads"]
    while True:
        read = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
        dead = [node for node in graph.node if not read.intersection(node.output)]
        if not dead:
            break
        for node in dead:
            graph.node.remove(node)
    model.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def largest_difference(network: PlainSr, out: Path) -> float:
    """Largest absolute difference between torch and ONNX Runtime over inputs of several sizes, 1×1 included."""
    session = ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    worst = 0.0
    for shape in ((1, 3, 1, 1), (1, 3, 37, 64), (2, 3, 97, 41)):
        x = torch.rand(shape, generator=torch.Generator().manual_seed(5))
        with torch.inference_mode():
            expected = network(x).numpy()
        worst = max(worst, float(np.abs(session.run(None, {"input": x.numpy()})[0] - expected).max()))
    return worst


def megapixels_per_second(out: Path, threads: int) -> float:
    """Input megapixels a second at 640×480, best of five runs."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    session = ort.InferenceSession(str(out), options, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(0).random((1, 3, 480, 640), np.float32)
    times = []
    for _ in range(6):
        start = time.perf_counter()
        session.run(None, {"input": x})
        times.append(time.perf_counter() - start)
    return 0.3072 / min(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    network = load_plain(args.checkpoint)
    temporary = args.out.with_suffix(".tmp")
    export(network, temporary)
    tidy(temporary)
    difference = largest_difference(network, temporary)
    if difference > 1e-4:
        raise SystemExit(f"ONNX Runtime differs from torch by {difference:.2e}, expected at most 1e-4")
    temporary.replace(args.out)
    count = sum(p.numel() for p in network.parameters())
    print(f"{args.out.name}: {count} parameters, {args.out.stat().st_size} bytes, differs from torch by {difference:.1e}")
    print(f"{megapixels_per_second(args.out, args.threads):.2f} MP of input a second with {args.threads} threads")


if __name__ == "__main__":
    main()
