"""RRDBNet of ESRGAN and Real-ESRGAN (RealESRGAN_x4plus, x2plus, x4plus_anime_6B): residual-in-residual dense blocks, then two
enlargements by nearest neighbour. ×2 and ×1 networks work on a picture whose pixels were moved into channels."""

from __future__ import annotations

import re

import numpy as np

from onnx_graph import UpscalerGraph
from refused import RefusedFile
from tensors import Tensors

PADS = (1, 1, 1, 1)
SLOPE = 0.2
RESIDUAL = 0.2
FOLD_OF_INPUTS = {3: 1, 12: 2, 48: 4}

# Names of the first ESRGAN code (a torch.nn.Sequential) and of Real-ESRGAN's for the same convolutions.
OLD_NAMES = {"model.0": "conv_first", "model.3": "conv_up1", "model.6": "conv_up2", "model.8": "conv_hr", "model.10": "conv_last"}
OLD_BLOCK = re.compile(r"^model\.1\.sub\.(\d+)\.RDB([123])\.conv([1-5])\.0$")
OLD_BODY_END = re.compile(r"^model\.1\.sub\.\d+$")


def rename_old(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Gives tensors of the first ESRGAN code the names that Real-ESRGAN uses; returns others unchanged."""
    if "model.0.weight" not in tensors:
        return tensors
    return {f"{_new_name(name)}.{kind}": tensor for name, _, kind, tensor in ((*key.rpartition("."), value) for key, value in tensors.items())}


def _new_name(name: str) -> str:
    block = OLD_BLOCK.match(name)
    if block:
        return f"body.{block[1]}.rdb{block[2]}.conv{block[3]}"
    return "conv_body" if OLD_BODY_END.match(name) else OLD_NAMES.get(name, name)


def is_rrdb(tensors: Tensors) -> bool:
    """Whether the names of the tensors are those of this architecture."""
    return "conv_first.weight" in tensors and "body.0.rdb1.conv1.weight" in tensors


def build_rrdb(graph: UpscalerGraph, tensors: Tensors) -> tuple[str, int]:
    """Adds the network and returns the name of its result and its scale."""
    first = tensors.take("conv_first.weight", (None, None, 3, 3))
    features, inputs = first.shape[:2]
    if inputs not in FOLD_OF_INPUTS:
        raise RefusedFile("a first convolution of 3, 12 or 48 channels", inputs)
    fold = FOLD_OF_INPUTS[inputs]
    x = graph.space_to_depth("input", fold) if fold > 1 else "input"
    # torch's pixel_unshuffle counts the channel first and the position in the block last; ONNX does it the other way round.
    ordered = first.reshape(features, 3, fold * fold, 3, 3).transpose(0, 2, 1, 3, 4).reshape(first.shape)
    shallow = graph.conv(x, ordered, tensors.take("conv_first.bias", (features,)), PADS)

    def conv(x: str, name: str, inputs: int = features, outputs: int | None = features, leaky: bool = False) -> str:
        weight = tensors.take(f"{name}.weight", (outputs, inputs, 3, 3))
        y = graph.conv(x, weight, tensors.take(f"{name}.bias", (weight.shape[0],)), PADS)
        return graph.leaky_relu(y, SLOPE) if leaky else y

    def dense(x: str, name: str, growth: int) -> str:
        seen = [x]
        for i in range(1, 5):
            seen.append(conv(_join(graph, seen), f"{name}.conv{i}", features + (i - 1) * growth, growth, leaky=True))
        last = conv(_join(graph, seen), f"{name}.conv5", features + 4 * growth)
        return graph.add(graph.multiply(last, RESIDUAL), x)

    x, block = shallow, 0
    while f"body.{block}.rdb1.conv1.weight" in tensors:
        growth = tensors.peek(f"body.{block}.rdb1.conv1.weight").shape[0]
        y = x
        for part in (1, 2, 3):
            y = dense(y, f"body.{block}.rdb{part}", growth)
        x = graph.add(graph.multiply(y, RESIDUAL), x)
        block += 1
    x = graph.add(shallow, conv(x, "conv_body"))
    for name in ("conv_up1", "conv_up2"):
        x = conv(graph.resize(x, 2, "nearest"), name, leaky=True)
    x = conv(conv(x, "conv_hr", leaky=True), "conv_last", outputs=3)
    tensors.assert_empty()
    return x, 4 // fold


def _join(graph: UpscalerGraph, parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else graph.concat(parts)
