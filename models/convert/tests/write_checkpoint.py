"""Write a .pth file in torch's format without torch, instruction by instruction as torch.save writes it (protocol 2)."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np

REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"


def pickled(value: int | tuple[int, ...]) -> bytes:
    """Instructions that push a number or a tuple of numbers."""
    return b"(" + b"".join(map(pickled, value)) + b"t" if isinstance(value, tuple) else pickle.dumps(value, protocol=2)[2:-1]


def text(word: str) -> bytes:
    """Instructions that push a text."""
    return b"X" + len(word.encode()).to_bytes(4, "little") + word.encode()


def described(key: str, count: int, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """Instructions that push a tensor over the float32 storage `key` of `count` values."""
    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cpu") + pickled(count) + b"tQ"
    return REBUILD + b"(" + storage + pickled(offset) + pickled(shape) + pickled(strides) + b"\x89N}tR"


def dictionary(items: dict[str, bytes]) -> bytes:
    """Instructions that push a dictionary of what other instructions push."""
    return b"}(" + b"".join(text(name) + value for name, value in items.items()) + b"u"


def write_checkpoint(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Writes {"params": tensors} as float32."""
    items = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for key, (name, tensor) in enumerate(tensors.items()):
            strides = tuple(stride // tensor.itemsize for stride in tensor.strides)
            items[name] = described(str(key), tensor.size, 0, tensor.shape, strides)
            archive.writestr(f"archive/data/{key}", np.ascontiguousarray(tensor, "<f4").tobytes())
        archive.writestr("archive/data.pkl", b"\x80\x02" + dictionary({"params": dictionary(items)}) + b".")
        archive.writestr("archive/byteorder", "little")
