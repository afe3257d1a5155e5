"""Rebuild a trainable network from an exported ONNX file, so that training can go on where no checkpoint was kept.

The folded kernels become the plain kernels of the network. The other parts of each kernel begin at random, and are subtracted from the plain one, so that
the network computes what the file does.
"""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from sr_network import FoldedConv, SrNetwork


def restore(path: Path) -> SrNetwork:
    """The network of a file that sr_export.py wrote. Throws ValueError if the file has other layers."""
    graph = onnx.load(str(path)).graph
    tensors = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in graph.initializer}
    slopes = [tensors[node.input[1]].flatten() for node in graph.node if node.op_type == "PRelu"]
    layers = len(slopes) - 1
    names = [f"trunk.{2 * i}" for i in range(layers + 1)] + ["tail"]
    missing = [name for name in (*(f"{name}.weight" for name in names), "interpolation.weight") if name not in tensors]
    if layers < 0 or missing:
        raise ValueError(f"{path.name} was not written by sr_export.py: it lacks {', '.join(missing) or 'layers'}")
    features = tensors["trunk.0.weight"].shape[0]
    scale = round((tensors["tail.weight"].shape[0] / 3) ** 0.5)
    network = SrNetwork(scale, features, layers)
    with torch.no_grad():
        for conv, name in zip([network.head, *network.body, network.tail], names, strict=True):
            _set_kernel(conv, tensors[f"{name}.weight"], tensors[f"{name}.bias"])
        for own, slope in zip(network.slopes, slopes, strict=True):
            own.copy_(slope)
        network.interpolation.copy_(tensors["interpolation.weight"])
    return network


def _set_kernel(conv: FoldedConv, kernel: Tensor, bias: Tensor) -> None:
    conv.plain.add_(kernel - conv.kernel())
    conv.bias.copy_(bias)
