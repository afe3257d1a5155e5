"""Read the two files of an ncnn model: `.param` (layers, as text) and `.bin` (weights).

Formats: ncnn's wiki pages "param and model file structure" and "operation-param-weight-table", and `ModelBin::load`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from refused import RefusedFile

MAGIC = "7767517"
MAX_PARAM_BYTES = 4 * 1024 * 1024
MAX_BIN_BYTES = 1024**3
MAX_LAYERS = 20_000
ARRAY_KEY = -23300
HALF, INT8, FULL = 0x01306B47, 0x000D4B38, 0x0002C056


@dataclass
class Layer:
    """One line of the `.param` file. Keys of `params` are ncnn's numbers; arrays are lists."""

    kind: str
    name: str
    inputs: list[str]
    outputs: list[str]
    params: dict[int, float | list[float]] = field(default_factory=dict)

    def number(self, key: int, default: float = 0) -> float:
        value = self.params.get(key, default)
        if isinstance(value, list):
            raise RefusedFile(f"a number for parameter {key} of {self.name}", value)
        return value

    def whole(self, key: int, default: int = 0) -> int:
        value = self.number(key, default)
        if not float(value).is_integer():
            raise RefusedFile(f"a whole number for parameter {key} of {self.name}", value)
        return int(value)

    def numbers(self, key: int) -> list[float]:
        value = self.params.get(key, [])
        return value if isinstance(value, list) else [value]


def load_layers(path: Path) -> list[Layer]:
    """The layers of a `.param` file in their order. Throws RefusedFile for another format."""
    if path.stat().st_size > MAX_PARAM_BYTES:
        raise RefusedFile(f"a .param file of at most {MAX_PARAM_BYTES} bytes", path.stat().st_size)
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    if not lines or lines[0].strip() != MAGIC:
        raise RefusedFile(f"a .param text file that begins with {MAGIC}", lines[0] if lines else "an empty file")
    layers = [_parse_layer(line) for line in lines[2:] if line.strip()]
    if len(layers) > MAX_LAYERS or len(lines) < 2 or not lines[1].split() or lines[1].split()[0] != str(len(layers)):
        raise RefusedFile(f"the number of layers, {len(layers)}, in line 2", lines[1] if len(lines) > 1 else "no line 2")
    return layers


def _parse_layer(line: str) -> Layer:
    words = line.split()
    try:
        kind, name, inputs, outputs = words[0], words[1], int(words[2]), int(words[3])
        blobs, pairs = words[4 : 4 + inputs + outputs], words[4 + inputs + outputs :]
        if inputs < 0 or outputs < 0 or len(blobs) != inputs + outputs:
            raise ValueError(line)
        layer = Layer(kind, name, blobs[:inputs], blobs[inputs:])
        for key, value in (pair.split("=", 1) for pair in pairs):
            number = int(key)
            if number > ARRAY_KEY:
                layer.params[number] = float(value)
            else:
                count, *values = value.split(",")
                if int(count) != len(values):
                    raise ValueError(value)
                layer.params[ARRAY_KEY - number] = [float(each) for each in values]
    except (ValueError, IndexError) as error:
        raise RefusedFile("a line `type name inputs outputs blobs… key=value…`", line) from error
    return layer


class Weights:
    """The `.bin` file, read from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        if path.stat().st_size > MAX_BIN_BYTES:
            raise RefusedFile(f"a .bin file of at most {MAX_BIN_BYTES} bytes", path.stat().st_size)
        self._content = path.read_bytes()
        self._at = 0

    def plain(self, count: int) -> np.ndarray:
        """`count` float32 values without a mark: biases and slopes."""
        return np.frombuffer(self._take(4 * count), "<f4")

    def marked(self, count: int) -> np.ndarray:
        """`count` values as float32, stored as their mark says: float32 or float16, which ends at a multiple of 4 bytes."""
        mark = int.from_bytes(self._take(4), "little")
        if mark == HALF:
            return np.frombuffer(self._take((2 * count + 3) // 4 * 4), "<f2")[:count].astype(np.float32)
        if mark in (0, FULL):
            return self.plain(count)
        raise RefusedFile("weights of float32 or float16", "int8" if mark == INT8 else f"mark {mark:#x}")

    def assert_end(self) -> None:
        """Throws RefusedFile if bytes are left over: the two files do not belong together."""
        if self._at != len(self._content):
            raise RefusedFile(f"{self._at} bytes of weights, as the layers say", len(self._content))

    def _take(self, count: int) -> bytes:
        part = self._content[self._at : self._at + count]
        if len(part) != count:
            raise RefusedFile("weights for all layers", f"a .bin file that ends at byte {len(self._content)}")
        self._at += count
        return part
