"""Translate an ncnn upscaler, layer by layer. Knows the layers that models of the Real-ESRGAN family have, and refuses others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ncnn_files import Layer, Weights
from onnx_graph import UpscalerGraph
from refused import RefusedFile


@dataclass(frozen=True)
class Blob:
    """A tensor: its name in the graph, its channels, and its size over that of the picture."""

    name: str
    channels: int
    size: float


Translate = Callable[[UpscalerGraph, Layer, list[Blob], Weights], Blob]
MAX_CHANNELS = 4096
MODES = {1: "nearest", 2: "linear", 3: "cubic"}


def build_ncnn(graph: UpscalerGraph, layers: list[Layer], weights: Weights) -> tuple[str, int]:
    """Adds the network and returns the name of its result and its scale."""
    blobs: dict[str, Blob] = {}
    for layer in layers:
        if layer.kind == "Input":
            if blobs or len(layer.outputs) != 1:
                raise RefusedFile("one input", layer.name)
            blobs[layer.outputs[0]] = Blob("input", 3, 1)
            continue
        try:
            inputs = [blobs.pop(name) for name in layer.inputs]
        except KeyError as error:
            raise RefusedFile(f"an input of {layer.name} that an earlier layer made and no other uses", error) from error
        if not inputs or not layer.outputs:
            raise RefusedFile(f"inputs and outputs of {layer.name}", f"{layer.inputs} and {layer.outputs}")
        if layer.kind == "Split":
            blobs.update((name, inputs[0]) for name in layer.outputs)
        elif layer.kind in TRANSLATIONS and len(layer.outputs) == 1:
            blobs[layer.outputs[0]] = TRANSLATIONS[layer.kind](graph, layer, inputs, weights)
        else:
            raise RefusedFile(f"layers of the kinds Input, Split, {', '.join(TRANSLATIONS)}", f"{layer.kind} {layer.name}")
    weights.assert_end()
    return _result_of(list(blobs.values()))


def _result_of(left: list[Blob]) -> tuple[str, int]:
    if len(left) != 1 or left[0].channels != 3:
        raise RefusedFile("one result of three channels", ", ".join(f"{blob.channels} channels" for blob in left) or "none")
    scale = left[0].size
    if scale not in (1, 2, 3, 4, 8):
        raise RefusedFile("a scale of 1, 2, 3, 4 or 8", scale)
    return left[0].name, int(scale)


def _convolution(graph: UpscalerGraph, layer: Layer, inputs: list[Blob], weights: Weights) -> Blob:
    outputs, width = layer.whole(0), layer.whole(1)
    height, dilation, stride = layer.whole(11, width), layer.whole(2, 1), layer.whole(3, 1)
    left = layer.whole(4)
    pads = (layer.whole(14, left), left, layer.whole(16, left), layer.whole(15, left))
    source = inputs[0]
    count = outputs * source.channels * height * width
    unusual = {key: layer.whole(key, usual) for key, usual in ((8, 0), (12, dilation), (13, stride), (18, 0), (19, 0))}
    if unusual != {8: 0, 12: dilation, 13: stride, 18: 0, 19: 0} or stride != 1 or not 1 <= dilation <= 8:
        raise RefusedFile(f"a plain convolution {layer.name}", layer.params)
    if not (0 < outputs <= MAX_CHANNELS and 0 < width <= 15 and 0 < height <= 15) or layer.whole(6) != count:
        raise RefusedFile(f"{count} weights of {layer.name}", layer.params)
    if (pads[0] + pads[2], pads[1] + pads[3]) != (dilation * (height - 1), dilation * (width - 1)) or min(pads) < 0:
        raise RefusedFile(f"a convolution {layer.name} that keeps the picture's size", layer.params)
    weight = weights.marked(count).reshape(outputs, source.channels, height, width)
    bias = weights.plain(outputs) if layer.whole(5) else None
    y = graph.conv(source.name, weight, bias, pads, dilation=dilation)
    return Blob(_activate(graph, layer, y), outputs, source.size)


def _activate(graph: UpscalerGraph, layer: Layer, y: str) -> str:
    kind = layer.whole(9)
    if kind == 0:
        return y
    if kind == 1:
        return graph.leaky_relu(y, 0)
    if kind == 2 and len(layer.numbers(10)) == 1:
        return graph.leaky_relu(y, layer.numbers(10)[0])
    raise RefusedFile(f"no activation, ReLU or leaky ReLU in {layer.name}", layer.params)


def _prelu(graph: UpscalerGraph, layer: Layer, inputs: list[Blob], weights: Weights) -> Blob:
    count = layer.whole(0)
    if count not in (1, inputs[0].channels):
        raise RefusedFile(f"1 or {inputs[0].channels} slopes of {layer.name}", count)
    return Blob(graph.prelu(inputs[0].name, weights.plain(count)), inputs[0].channels, inputs[0].size)


def _relu(graph: UpscalerGraph, layer: Layer, inputs: list[Blob], _: Weights) -> Blob:
    return Blob(graph.leaky_relu(inputs[0].name, layer.number(0)), inputs[0].channels, inputs[0].size)


def _pixel_shuffle(graph: UpscalerGraph, layer: Layer, inputs: list[Blob], _: Weights) -> Blob:
    factor, source = layer.whole(0, 1), inputs[0]
    if factor < 1 or source.channels % factor**2 or layer.whole(1):
        raise RefusedFile(f"a pixel shuffle {layer.name} that divides {source.channels} channels", layer.params)
    return Blob(graph.pixel_shuffle(source.name, factor), source.channels // factor**2, source.size * factor)


def _interp(graph: UpscalerGraph, layer: Layer, inputs: list[Blob], _: Weights) -> Blob:
    mode, factor, source = layer.whole(0), layer.number(1, 1), inputs[0]
    fixed = layer.whole(3) or layer.whole(4) or layer.whole(5) or layer.whole(6)
    if mode not in MODES or fixed or layer.number(2, 1) != factor or not 0 < factor <= 8 or (mode == 1 and factor != int(factor)):
        raise RefusedFile(f"a resize {layer.name} by one factor", layer.params)
    return Blob(graph.resize(source.name, factor, MODES[mode]), source.channels, source.size * factor)


def _concat(graph: UpscalerGraph, layer: Layer, inputs: list[Blob], _: Weights) -> Blob:
    if layer.whole(0) or len({blob.size for blob in inputs}) != 1:
        raise RefusedFile(f"a join of channels {layer.name}", layer.params)
    return Blob(graph.concat([blob.name for blob in inputs]), sum(blob.channels for blob in inputs), inputs[0].size)


def _binary(graph: UpscalerGraph, layer: Layer, inputs: list[Blob], _: Weights) -> Blob:
    """BinaryOp: the sum of two tensors, or a product with a number."""
    if layer.whole(1) and layer.whole(0) == 2 and len(inputs) == 1:
        return Blob(graph.multiply(inputs[0].name, layer.number(2)), inputs[0].channels, inputs[0].size)
    if layer.whole(0) or layer.whole(1):
        raise RefusedFile(f"a sum or a product with a number in {layer.name}", layer.params)
    return _sum(graph, layer, inputs, [1.0] * len(inputs))


def _eltwise(graph: UpscalerGraph, layer: Layer, inputs: list[Blob], _: Weights) -> Blob:
    factors = layer.numbers(1) or [1.0] * len(inputs)
    if layer.whole(0) != 1:
        raise RefusedFile(f"a weighted sum {layer.name}", layer.params)
    return _sum(graph, layer, inputs, factors)


def _sum(graph: UpscalerGraph, layer: Layer, inputs: list[Blob], factors: list[float]) -> Blob:
    alike = len({(blob.channels, blob.size) for blob in inputs}) == 1
    if len(inputs) != 2 or len(factors) != 2 or not alike:
        raise RefusedFile(f"a sum {layer.name} of two tensors of one shape", layer.params)
    terms = [graph.multiply(blob.name, factor) for blob, factor in zip(inputs, factors)]
    return Blob(graph.add(*terms), inputs[0].channels, inputs[0].size)


TRANSLATIONS: dict[str, Translate] = {
    "Convolution": _convolution,
    "PReLU": _prelu,
    "ReLU": _relu,
    "PixelShuffle": _pixel_shuffle,
    "Interp": _interp,
    "Concat": _concat,
    "BinaryOp": _binary,
    "Eltwise": _eltwise,
}
