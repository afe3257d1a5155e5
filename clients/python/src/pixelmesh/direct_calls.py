"""Calls that process one picture without a job. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Iterable, Iterator, Protocol

from pixelmesh.background.v1 import background_service_pb2 as background_pb2
from pixelmesh.background.v1.background_service_pb2_grpc import BackgroundServiceStub
from pixelmesh.calls import Calls
from pixelmesh.common.v1.picture_pb2 import Encoding, ImageInfo, PictureHeader
from pixelmesh.effects.v1 import effects_service_pb2 as effects_pb2
from pixelmesh.effects.v1.effects_service_pb2_grpc import EffectsServiceStub
from pixelmesh.failures import PixelmeshError
from pixelmesh.ingest.v1 import ingest_service_pb2 as ingest_pb2
from pixelmesh.ingest.v1.ingest_service_pb2_grpc import IngestServiceStub
from pixelmesh.pictures import DIRECT_CHUNK_BYTES, Local, Stored, read_chunks
from pixelmesh.pipeline.v1 import pipeline_pb2
from pixelmesh.pipelines import NamedEffect, cut_out, replacement, to_effects
from pixelmesh.upscale.v1 import upscale_service_pb2 as upscale_pb2
from pixelmesh.upscale.v1.upscale_service_pb2_grpc import UpscaleServiceStub

_CALL_TIMEOUT_S = 15 * 60.0
_MAX_MESSAGE_PICTURE_BYTES = 3 * 1024 * 1024


@dataclass(frozen=True)
class Result:
    """A processed picture: format, size, notices; and its bytes."""

    header: PictureHeader
    data: bytes


@dataclass(frozen=True)
class Preview:
    """A small preview. `source_sha256` names the picture in later previews for some minutes, as `Stored`."""

    header: PictureHeader
    data: bytes
    source_sha256: str
    is_cached: bool


class _Response(Protocol):
    @property
    def header(self) -> PictureHeader: ...
    @property
    def chunk(self) -> bytes: ...
    def WhichOneof(self, oneof_group: Any) -> str | None: ...


class DirectCalls:
    """Direct calls over one connection. Repeated while the mesh does not answer or is full."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._effects = EffectsServiceStub(calls.channel)
        self._upscale = UpscaleServiceStub(calls.channel)
        self._background = BackgroundServiceStub(calls.channel)
        self._ingest = IngestServiceStub(calls.channel)

    def apply_effects(self, picture: Local, effects: Iterable[NamedEffect], encoding: Encoding | None = None) -> Result:
        """Applies effects one after the other. Raises UNKNOWN_EFFECT."""
        header = effects_pb2.ApplyEffectsHeader(operation=to_effects(effects), encoding=encoding)

        def requests() -> Iterator[effects_pb2.ApplyEffectsRequest]:
            yield effects_pb2.ApplyEffectsRequest(header=header)
            for chunk in read_chunks(picture, DIRECT_CHUNK_BYTES):
                yield effects_pb2.ApplyEffectsRequest(chunk=chunk)

        return self._collect(
            lambda left_s: self._effects.ApplyEffects(requests(), timeout=left_s, metadata=self._calls.metadata)
        )

    def upscale(self, picture: Local, scale: int = 0, encoding: Encoding | None = None, **settings: Any) -> Result:
        """Enlarges a picture; `settings` are further fields of UpscaleOperation. Raises UNKNOWN_MODEL."""
        operation = pipeline_pb2.UpscaleOperation(scale=scale, **settings)
        header = upscale_pb2.UpscaleImageHeader(operation=operation, encoding=encoding)

        def requests() -> Iterator[upscale_pb2.UpscaleImageRequest]:
            yield upscale_pb2.UpscaleImageRequest(header=header)
            for chunk in read_chunks(picture, DIRECT_CHUNK_BYTES):
                yield upscale_pb2.UpscaleImageRequest(chunk=chunk)

        return self._collect(
            lambda left_s: self._upscale.UpscaleImage(requests(), timeout=left_s, metadata=self._calls.metadata)
        )

    def remove_background(
        self, picture: Local, encoding: Encoding | None = None, background: str | None = None, **settings: Any
    ) -> Result:
        """Cuts out the object; `background` is a colour behind it. `settings` as in `Pipeline.remove_background`."""
        header = background_pb2.RemoveBackgroundHeader(
            operation=cut_out(**settings),
            replace=None if background is None else replacement(background),
            encoding=encoding,
        )

        def requests() -> Iterator[background_pb2.RemoveBackgroundRequest]:
            yield background_pb2.RemoveBackgroundRequest(header=header)
            for chunk in read_chunks(picture, DIRECT_CHUNK_BYTES):
                yield background_pb2.RemoveBackgroundRequest(chunk=chunk)

        return self._collect(
            lambda left_s: self._background.RemoveBackground(requests(), timeout=left_s, metadata=self._calls.metadata)
        )

    def prescale(
        self, picture: Local, *, max_side_px: int = 0, max_pixels: int = 0, encoding: Encoding | None = None
    ) -> Result:
        """Shrinks a picture to bounds in pixels; never enlarges it."""
        operation = pipeline_pb2.PrescaleOperation(max_side_px=max_side_px, max_pixels=max_pixels)
        header = ingest_pb2.PrescaleImageHeader(operation=operation, encoding=encoding)

        def requests() -> Iterator[ingest_pb2.PrescaleImageRequest]:
            yield ingest_pb2.PrescaleImageRequest(header=header)
            for chunk in read_chunks(picture, DIRECT_CHUNK_BYTES):
                yield ingest_pb2.PrescaleImageRequest(chunk=chunk)

        return self._collect(
            lambda left_s: self._ingest.PrescaleImage(requests(), timeout=left_s, metadata=self._calls.metadata)
        )

    def inspect(self, picture: Local) -> ImageInfo:
        """Returns format, size and channels, which the picture's header tells."""

        def requests() -> Iterator[ingest_pb2.InspectImageRequest]:
            for chunk in read_chunks(picture, DIRECT_CHUNK_BYTES):
                yield ingest_pb2.InspectImageRequest(chunk=chunk)

        return self._calls.retried(
            lambda left_s: self._ingest.InspectImage(requests(), timeout=left_s, metadata=self._calls.metadata).info
        )

    def preview(
        self,
        picture: Local | Stored,
        effects: Iterable[NamedEffect],
        *,
        mode: str = "fast",
        viewer: str = "",
        encoding: Encoding | None = None,
    ) -> Preview:
        """
        Makes a small preview: mode fast (300 px), balanced (500) or high (800). A newer preview of the same viewer and source ends an older one with
        CANCELLED. Raises BLOB_NOT_FOUND for a digest that the mesh has forgotten.
        """
        operation = to_effects(effects)
        level = effects_pb2.PreviewMode.Value(f"PREVIEW_MODE_{mode.upper()}")
        data = None if isinstance(picture, Stored) else b"".join(read_chunks(picture))
        if data is not None and len(data) > _MAX_MESSAGE_PICTURE_BYTES:
            header = effects_pb2.PreviewPictureHeader(operation=operation, mode=level, viewer=viewer, encoding=encoding)

            def requests() -> Iterator[effects_pb2.PreviewPictureRequest]:
                yield effects_pb2.PreviewPictureRequest(header=header)
                for chunk in read_chunks(data or b"", DIRECT_CHUNK_BYTES):
                    yield effects_pb2.PreviewPictureRequest(chunk=chunk)

            response = self._calls.retried(
                lambda left_s: self._effects.PreviewPicture(requests(), timeout=left_s, metadata=self._calls.metadata)
            )
        else:
            request = effects_pb2.PreviewEffectsRequest(
                operation=operation, mode=level, viewer=viewer, encoding=encoding,
                picture=data or b"", sha256=picture.sha256 if isinstance(picture, Stored) else "",
            )
            response = self._calls.retried(
                lambda left_s: self._effects.PreviewEffects(request, timeout=left_s, metadata=self._calls.metadata)
            )
        return Preview(response.header, response.picture, response.source_sha256, response.cached)

    def _collect(self, start: Callable[[float], Iterable[_Response]]) -> Result:
        """Makes a call and reads its result. Repeats it as a whole: nothing is stored, and nothing was returned yet."""

        def attempt(left_s: float) -> Result:
            header: PictureHeader | None = None
            data = bytearray()
            for response in self._calls.stream(start(left_s)):
                part = response.WhichOneof("part")
                if part == "header":
                    header = response.header
                elif part == "chunk":
                    data += response.chunk
            if header is None or len(data) != header.size_bytes:
                raise PixelmeshError("RESULT_INVALID", "The mesh ended the call without a whole result")
            return Result(header, bytes(data))

        return self._calls.retried(attempt, _CALL_TIMEOUT_S)
