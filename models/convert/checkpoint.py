"""Read the tensors of a PyTorch checkpoint (.pth) without torch and without running anything from it.

torch.save (since 1.6) writes a zip archive: `<root>/data.pkl` describes tensors, `<root>/data/<key>` holds their raw bytes,
uncompressed. The format is documented in torch's `serialization` notes and in torch/serialization.py.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

from pickle_scan import MAX_BYTES, scan_pickle
from refused import RefusedFile

MAX_TENSORS = 20_000
MAX_TENSOR_BYTES = 1024**3

# Element types by the names of torch's storages. bfloat16 is the upper half of a float32.
STORAGES = {"FloatStorage": "<f4", "HalfStorage": "<f2", "DoubleStorage": "<f8", "BFloat16Storage": "<u2", "LongStorage": "<i8", "IntStorage": "<i4"}
NAMES = frozenset(
    {("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_parameter"), ("collections", "OrderedDict")}
    | {("torch", name) for name in STORAGES}
)
# What zipfile raises for damaged, encrypted and unusual archives, besides BadZipFile.
BROKEN_ARCHIVE = (ValueError, LookupError, NotImplementedError, RuntimeError, EOFError, OverflowError, OSError, struct.error)


def load_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """The network's tensors by name, as float32 (integers as they are). Takes `params_ema`, else `params`, else `state_dict`,
    else the outermost dictionary. Throws RefusedFile for anything but tensors, and for files above the limits."""
    try:
        with zipfile.ZipFile(path) as archive:
            saved = _read(archive)
    except zipfile.BadZipFile as error:
        raise RefusedFile("a checkpoint saved by torch 1.6 or later (a zip archive)", _describe(path)) from error
    except BROKEN_ARCHIVE as error:
        raise RefusedFile("a whole zip archive as torch writes it", error) from error
    return _network_of(saved)


def _read(archive: zipfile.ZipFile) -> object:
    members = {info.filename: info for info in archive.infolist()}
    described = [name for name in members if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(described) != 1:
        raise RefusedFile("an archive with one <root>/data.pkl", ", ".join(sorted(members)[:3]))
    root = described[0].removesuffix("data.pkl")
    total = sum(info.file_size for info in members.values())
    if total > MAX_TENSOR_BYTES:
        raise RefusedFile(f"at most {MAX_TENSOR_BYTES} bytes of tensors", total)
    for info in members.values():
        if info.compress_type != zipfile.ZIP_STORED:
            raise RefusedFile("uncompressed members, as torch writes them", info.filename)
    if members[described[0]].file_size > MAX_BYTES:
        raise RefusedFile(f"at most {MAX_BYTES} bytes of pickled structure", members[described[0]].file_size)
    order = archive.read(root + "byteorder") if root + "byteorder" in members else b"little"
    if order != b"little":
        raise RefusedFile("little-endian tensors", order)
    content = archive.read(described[0])
    scan_pickle(content, NAMES)
    try:
        return _TensorUnpickler(content, archive, root).load()
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, IndexError, AttributeError, EOFError) as error:
        raise RefusedFile("a pickle of tensors only", error) from error


class _TensorUnpickler(pickle.Unpickler):
    """Knows the names of NAMES only, each with a harmless meaning of its own."""

    def __init__(self, content: bytes, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(content))
        self._archive, self._root = archive, root
        self._count, self._bytes = 0, 0

    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in NAMES:
            raise RefusedFile("a pickle of tensors only", f"the name {module}.{name}")
        if name == "_rebuild_tensor_v2":
            return self._rebuild_tensor
        if name == "_rebuild_parameter":
            return _rebuild_parameter
        return collections.OrderedDict if name == "OrderedDict" else _Storage(name)

    def persistent_load(self, pid: object) -> tuple[str, np.ndarray]:
        kind, storage, key, _, count = pid if isinstance(pid, tuple) and len(pid) == 5 else (None,) * 5
        if kind != "storage" or not isinstance(storage, _Storage) or not isinstance(key, str) or not isinstance(count, int):
            raise RefusedFile("a reference to a tensor's storage", pid)
        content = self._archive.read(f"{self._root}data/{key}")
        self._add(len(content))
        values = np.frombuffer(content, STORAGES[storage.name])
        if len(values) < count:
            raise RefusedFile(f"{count} values of {key}", len(values))
        return storage.name, values

    def _rebuild_tensor(self, storage: tuple[str, np.ndarray], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object) -> np.ndarray:
        self._count += 1
        if self._count > MAX_TENSORS:
            raise RefusedFile(f"at most {MAX_TENSORS} tensors", self._count)
        name, values = storage
        numbers = (offset, *shape, *strides)
        if len(shape) != len(strides) or len(shape) > 8 or any(not isinstance(n, int) or n < 0 for n in numbers):
            raise RefusedFile("a tensor's offset, shape and strides", numbers)
        last = offset + sum((side - 1) * stride for side, stride in zip(shape, strides))
        if math.prod(shape) > len(values) or (math.prod(shape) > 0 and last >= len(values)):
            raise RefusedFile(f"a tensor within its storage of {len(values)} values", shape)
        self._add(4 * math.prod(shape))
        steps = tuple(stride * values.itemsize for stride in strides)
        tensor = np.lib.stride_tricks.as_strided(values[offset:], shape, steps, writeable=False)
        if name == "BFloat16Storage":
            return (tensor.astype(np.uint32) << 16).view(np.float32)
        return tensor.astype(tensor.dtype if tensor.dtype.kind == "i" else np.float32)

    def _add(self, count: int) -> None:
        """A small pickle may name one storage many times: all that is read and rebuilt counts."""
        self._bytes += count
        if self._bytes > 2 * MAX_TENSOR_BYTES:
            raise RefusedFile(f"at most {2 * MAX_TENSOR_BYTES} bytes of tensors", self._bytes)


class _Storage:
    """Stands for a torch storage class, which is only ever named in a reference."""

    def __init__(self, name: str) -> None:
        self.name = name


def _rebuild_parameter(tensor: np.ndarray, *_: object) -> np.ndarray:
    return tensor


def _network_of(saved: object) -> dict[str, np.ndarray]:
    for key in ("params_ema", "params", "state_dict"):
        if isinstance(saved, dict) and isinstance(saved.get(key), dict):
            saved = saved[key]
            break
    if not isinstance(saved, dict) or not saved:
        raise RefusedFile("a dictionary of tensors", type(saved).__name__)
    for name, tensor in saved.items():
        if not isinstance(name, str) or not isinstance(tensor, np.ndarray):
            raise RefusedFile("a dictionary of tensors", f"{name}: {type(tensor).__name__}")
    return {name.removeprefix("module."): tensor for name, tensor in saved.items()}


def _describe(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(8)
    return "an old checkpoint: load and save it once with torch 1.6 or later" if start[:1] == b"\x80" else f"a file that begins with {start!r}"
