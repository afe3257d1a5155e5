"""Convert a PyTorch checkpoint (.pth) or an ncnn model (.param and .bin) of the Real-ESRGAN family to ONNX.

    python convert.py RealESRGAN_x4plus.pth --out RealESRGAN_x4plus.onnx
    python convert.py realesr-animevideov3-x4.param --out realesr-animevideov3.onnx

Prints one line of JSON: {"architecture", "scale", "parameters"}. Exits with 2 and a message if the file is refused.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from checkpoint import load_checkpoint
from ncnn_files import Weights, load_layers
from ncnn_graph import build_ncnn
from onnx_graph import UpscalerGraph
from refused import RefusedFile
from rrdb import build_rrdb, is_rrdb, rename_old
from srvgg import build_srvgg, is_srvgg
from tensors import Tensors


def convert(source: Path, weights: Path | None, out: Path) -> dict[str, str | int]:
    """Writes the ONNX file and returns what was found. Throws RefusedFile."""
    graph = UpscalerGraph()
    _assert_file(source)
    if source.suffix == ".param":
        architecture, beside = "ncnn", weights or source.with_suffix(".bin")
        _assert_file(beside)
        result, scale = build_ncnn(graph, load_layers(source), Weights(beside))
    elif source.suffix in (".pth", ".pt"):
        tensors = Tensors(rename_old(load_checkpoint(source)))
        if is_srvgg(tensors):
            architecture = "SRVGGNetCompact"
            result, scale = build_srvgg(graph, tensors)
        elif is_rrdb(tensors):
            architecture = "RRDBNet"
            result, scale = build_rrdb(graph, tensors)
        else:
            raise RefusedFile("a checkpoint of SRVGGNetCompact or RRDBNet", f"tensors {tensors}")
    else:
        raise RefusedFile("a file that ends with .pth, .pt or .param", source.name)
    graph.save(out, result, source.name)
    return {"architecture": architecture, "scale": scale, "parameters": graph.parameters}


def _assert_file(path: Path) -> None:
    if not path.is_file():
        raise RefusedFile("a file that exists", path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--bin", type=Path, help="weights of a .param file (default: beside it, with the same name)")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    try:
        print(json.dumps(convert(args.source, args.bin, args.out)))
    except RefusedFile as error:
        print(str(error), file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
