"""Pictures that are sent: from bytes or files, in chunks of bounded size."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator, Union

CHUNK_BYTES = 1024 * 1024
#: Ingest holds a few chunks of each direct call, so they are smaller.
DIRECT_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Stored:
    """A picture that the mesh has: its digest, as 64 lower-case hex digits."""

    sha256: str


@dataclass(frozen=True)
class Url:
    """A picture that the mesh reads from an http or https address, where it allows that."""

    url: str


#: A picture with bytes of its own: the path of a file, or the bytes.
Local = Union[str, Path, bytes]
#: A picture of a job.
Picture = Union[Local, Stored, Url]


def read_chunks(picture: Local, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yields the bytes of a picture in chunks of `size`; the last one may be shorter."""
    if isinstance(picture, bytes):
        for at in range(0, len(picture), size):
            yield picture[at : at + size]
        return
    with open(picture, "rb") as file:
        while chunk := file.read(size):
            yield chunk


def size_of(picture: Local) -> int:
    """Returns the length of a picture in bytes. Raises OSError for a path without a file."""
    return len(picture) if isinstance(picture, bytes) else Path(picture).stat().st_size


def digest_of(picture: Local) -> str:
    """Returns the SHA-256 of a picture as hex digits."""
    digest = hashlib.sha256()
    for chunk in read_chunks(picture):
        digest.update(chunk)
    return digest.hexdigest()


def stems_of(pictures: Iterable[object]) -> list[str | None]:
    """Returns the stems of many pictures; `-2`, `-3`… is appended where another file has the same name, in capitals or not."""
    taken: set[str] = set()
    stems: list[str | None] = []
    for picture in pictures:
        own = stem_of(picture)
        stem, number = own, 1
        while stem is not None and stem.lower() in taken:
            number += 1
            stem = f"{own}-{number}"
        if stem is not None:
            taken.add(stem.lower())
        stems.append(stem)
    return stems


def stem_of(picture: object) -> str | None:
    """Returns the name of a picture's file without extension; None for other pictures."""
    return Path(picture).stem if isinstance(picture, (str, Path)) else None
