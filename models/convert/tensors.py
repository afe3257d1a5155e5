"""Take tensors of a checkpoint one by one, so that each is checked and none is left over."""

from __future__ import annotations

import numpy as np

from refused import RefusedFile


class Tensors:
    """The tensors of a checkpoint that were not taken yet."""

    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        self._left = dict(tensors)

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def __str__(self) -> str:
        """The first names, for messages."""
        return ", ".join(list(self._left)[:4])

    def peek(self, name: str) -> np.ndarray:
        """Returns a tensor that is there and leaves it."""
        return self._left[name]

    def take(self, name: str, shape: tuple[int | None, ...]) -> np.ndarray:
        """Removes and returns a tensor. `None` in the shape allows any side. Throws RefusedFile if it is missing or has another shape."""
        tensor = self._left.pop(name, None)
        if tensor is None:
            raise RefusedFile(f"a tensor {name}", "none")
        if tensor.ndim != len(shape) or any(want is not None and want != side for want, side in zip(shape, tensor.shape)):
            raise RefusedFile(f"{name} of shape {shape}", tensor.shape)
        return tensor

    def assert_empty(self) -> None:
        """Throws RefusedFile if a tensor was not taken: the network has a part that is not known here."""
        if self._left:
            raise RefusedFile("the tensors of this architecture only", f"{len(self._left)} more: {', '.join(sorted(self._left)[:3])}")
