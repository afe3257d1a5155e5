"""SRVGGNetCompact of Real-ESRGAN (realesr-general-x4v3, realesr-animevideov3): 3×3 convolutions with PReLU, a pixel shuffle, and
the picture enlarged by nearest neighbour added to it."""

from __future__ import annotations

import math

from onnx_graph import UpscalerGraph
from refused import RefusedFile
from tensors import Tensors

PADS = (1, 1, 1, 1)


def is_srvgg(tensors: Tensors) -> bool:
    """Whether the names of the tensors are those of this architecture."""
    return "body.0.weight" in tensors and "conv_first.weight" not in tensors


def build_srvgg(graph: UpscalerGraph, tensors: Tensors) -> tuple[str, int]:
    """Adds the network and returns the name of its result and its scale."""
    features, channels, layer, x = None, 3, 0, "input"
    while f"body.{layer}.weight" in tensors:
        weight = tensors.take(f"body.{layer}.weight", (None, channels, 3, 3))
        x = graph.conv(x, weight, tensors.take(f"body.{layer}.bias", (weight.shape[0],)), PADS)
        channels = weight.shape[0]
        features = features or channels
        if f"body.{layer + 2}.weight" not in tensors:
            break
        x = graph.prelu(x, tensors.take(f"body.{layer + 1}.weight", (features,)))
        layer += 2
    tensors.assert_empty()
    scale = math.isqrt(channels // 3)
    if channels != 3 * scale * scale:
        raise RefusedFile("a last convolution of 3·scale² channels", channels)
    shuffled = graph.pixel_shuffle(x, scale) if scale > 1 else x
    base = graph.resize("input", scale, "nearest") if scale > 1 else "input"
    return graph.add(shuffled, base), scale
