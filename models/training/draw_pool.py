"""Draw shards in several processes while a device trains: patches for the upscalers first, then composites for the matte and their labels."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from matte_data import draw_shard as draw_composites
from matte_teacher import label, open_teacher
from sr_data import draw_shard as draw_patches


def write_patches(folder: Path, number: int, count: int) -> None:
    """Draws shard `number` of the upscalers, unless it is there."""
    cv2.setNumThreads(1)
    _write(folder / f"shard-{number:03d}.npy", lambda: draw_patches(number, count))


def write_composites(folder: Path, number: int, count: int, teacher: Path | None) -> None:
    """Draws shard `number` of the matte, unless it is there, and labels it if a teacher is given."""
    cv2.setNumThreads(1)
    path = folder / f"shard-{number:03d}.npy"
    labels = folder / f"teacher-{number:03d}.npy"
    if path.exists():
        return
    shard = draw_composites(number, count, 0.4 if number % 8 == 7 else 0.0)
    if teacher is not None:
        session = open_teacher(teacher, 1)
        # Labels first: a shard counts as finished when it is there.
        _write(labels, lambda: np.stack([label(session, picture[..., :3]) for picture in shard]))
    _write(path, lambda: shard)


def _write(path: Path, draw) -> None:
    if path.exists():
        return
    temporary = path.with_suffix(".tmp.npy")
    np.save(temporary, draw())
    temporary.rename(path)


class DrawPool:
    """Processes that draw. Closing it waits for what runs and drops what was not begun."""

    def __init__(self, processes: int) -> None:
        self._pool = ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))

    def patches(self, folder: Path, shards: int, count: int) -> list[Future[None]]:
        folder.mkdir(parents=True, exist_ok=True)
        return [self._pool.submit(write_patches, folder, number, count) for number in range(shards)]

    def composites(self, folder: Path, shards: int, count: int, teacher: Path | None) -> list[Future[None]]:
        folder.mkdir(parents=True, exist_ok=True)
        return [self._pool.submit(write_composites, folder, number, count, teacher) for number in range(shards)]

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
