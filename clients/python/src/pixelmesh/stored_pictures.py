"""Finds pictures that the mesh has, so that their bytes are not sent again."""

from __future__ import annotations

from typing import Mapping, Sequence

from pixelmesh.calls import Calls
from pixelmesh.failures import PixelmeshError
from pixelmesh.jobs.v1 import job_service_pb2 as pb
from pixelmesh.jobs.v1.job_service_pb2_grpc import JobServiceStub
from pixelmesh.pictures import Picture, Stored, Url, digest_of, size_of

#: Smaller pictures are sent at once: the question would take as long as their bytes.
MIN_ASKED_BYTES = 256 * 1024
_FIND_TIMEOUT_S = 10.0


def find_stored(calls: Calls, stub: JobServiceStub, digests: Sequence[str], *, keep: bool) -> frozenset[str]:
    """
    Returns those of the digests whose pictures the mesh has of this tenant. With `keep` it keeps them for an hour. Returns none if the mesh does not
    answer, or is of a former release: the bytes are then sent.
    """
    if not digests:
        return frozenset()
    request = pb.FindPicturesRequest(sha256=digests, keep=keep)
    try:
        found = calls.once(
            lambda left_s: stub.FindPictures(request, timeout=left_s, metadata=calls.metadata), _FIND_TIMEOUT_S
        )
    except PixelmeshError:
        return frozenset()
    return frozenset(picture.blob.sha256 for picture in found.pictures)


def without_stored(calls: Calls, stub: JobServiceStub, pictures: Mapping[str, Picture]) -> Mapping[str, Picture]:
    """Returns the pictures of a job; those of at least 256 KiB that the mesh has are replaced by their digests."""
    digests = {
        name: digest_of(picture)
        for name, picture in pictures.items()
        if not isinstance(picture, (Stored, Url)) and size_of(picture) >= MIN_ASKED_BYTES
    }
    found = find_stored(calls, stub, sorted(set(digests.values())), keep=False)
    return {name: Stored(digests[name]) if digests.get(name) in found else picture for name, picture in pictures.items()}
