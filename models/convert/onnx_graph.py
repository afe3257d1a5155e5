"""Build one ONNX graph of an upscaler, in the layout of the project's manifest: `input` [n, 3, h, w] → `output`, RGB 0..1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from refused import RefusedFile

OPSET = 17
IR_VERSION = 8


class UpscalerGraph:
    """Collects nodes. Every method takes and returns names of tensors [n, c, h, w]."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self.parameters = 0

    def conv(self, x: str, weight: np.ndarray, bias: np.ndarray | None, pads: tuple[int, int, int, int], stride: int = 1, dilation: int = 1) -> str:
        """Convolution with a kernel [outputs, inputs, kh, kw] and pads (top, left, bottom, right)."""
        tensors = [weight] if bias is None else [weight, bias]
        self.parameters += sum(tensor.size for tensor in tensors)
        names = [self._constant(tensor) for tensor in tensors]
        return self._node("Conv", [x, *names], pads=list(pads), strides=[stride, stride], dilations=[dilation, dilation])

    def prelu(self, x: str, slopes: np.ndarray) -> str:
        """PReLU with a slope for each channel, or one for all."""
        self.parameters += slopes.size
        return self._node("PRelu", [x, self._constant(slopes.reshape(-1, 1, 1))])

    def leaky_relu(self, x: str, slope: float) -> str:
        """Leaky ReLU; ReLU for a slope of 0."""
        return self._node("Relu", [x]) if slope == 0 else self._node("LeakyRelu", [x], alpha=slope)

    def add(self, a: str, b: str) -> str:
        return self._node("Add", [a, b])

    def multiply(self, x: str, factor: float) -> str:
        """Multiplies all values; returns `x` itself for a factor of 1."""
        return x if factor == 1 else self._node("Mul", [x, self._constant(np.float32(factor))])

    def concat(self, parts: list[str]) -> str:
        """Joins the channels."""
        return self._node("Concat", parts, axis=1)

    def pixel_shuffle(self, x: str, factor: int) -> str:
        """[n, c·f², h, w] → [n, c, f·h, f·w], in the order of torch.nn.PixelShuffle."""
        return self._node("DepthToSpace", [x], blocksize=factor, mode="CRD")

    def space_to_depth(self, x: str, factor: int) -> str:
        """[n, c, f·h, f·w] → [n, f²·c, h, w], in ONNX's order: position in the block first, channel last."""
        return self._node("SpaceToDepth", [x], blocksize=factor)

    def resize(self, x: str, factor: float, mode: str) -> str:
        """Resizes by `nearest`, `linear` or `cubic` (a = -0.75), without antialiasing, at centres of pixels."""
        scales = self._constant(np.array([1, 1, factor, factor], np.float32))
        if mode == "nearest":
            how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        else:
            how = {"coordinate_transformation_mode": "half_pixel", "cubic_coeff_a": -0.75}
        return self._node("Resize", [x, "", scales], mode=mode, **how)

    def save(self, path: Path, output: str, source: str) -> None:
        """Names `output` as the result, checks the graph, and writes one file without external data."""
        self._nodes.append(helper.make_node("Identity", [output], ["output"], name="output"))
        tensors = [_value("input", ["n", 3, "h", "w"]), _value("output", ["n", 3, "H", "W"])]
        graph = helper.make_graph(self._nodes, "upscaler", tensors[:1], tensors[1:], list(self._constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="pixelmesh-convert")
        model.doc_string = f"Converted from {source}"
        try:
            onnx.checker.check_model(model, full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise RefusedFile("layers that fit together", error) from error
        onnx.save(model, str(path))

    def _node(self, kind: str, inputs: list[str], **attributes: object) -> str:
        name = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def _constant(self, values: np.ndarray | np.float32) -> str:
        tensor = np.ascontiguousarray(values, np.float32)
        if np.ndim(values) == 0:
            tensor = tensor.reshape(())
        if not np.isfinite(tensor).all():
            raise RefusedFile("finite weights", "NaN or infinity")
        name = f"constant_{len(self._constants)}"
        self._constants[name] = numpy_helper.from_array(tensor, name)
        return name


def _value(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
