"""Batches: one pipeline on many pictures."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Callable, Iterable, Iterator, Sequence, TypeVar

from pixelmesh.calls import Backoff, Calls
from pixelmesh.common.v1.picture_pb2 import Blob, UploadEnd
from pixelmesh.failures import PixelmeshError
from pixelmesh.features import Work
from pixelmesh.job_calls import UPLOAD_TIMEOUT_S, JobSettings
from pixelmesh.jobs.v1 import job_service_pb2 as pb
from pixelmesh.jobs.v1.job_service_pb2_grpc import JobServiceStub
from pixelmesh.pictures import Local, digest_of, read_chunks, size_of
from pixelmesh.stored_pictures import MIN_ASKED_BYTES, find_stored

T = TypeVar("T")
R = TypeVar("R")

_CREATE_TIMEOUT_S = 5 * 60.0
_ENDED = (pb.BatchState.BATCH_STATE_ENDED, pb.BatchState.BATCH_STATE_CANCELLED)


def is_batch_ended(batch: pb.Batch) -> bool:
    """Whether every job of a batch has ended."""
    return batch.state in _ENDED


def run_bounded(work: Callable[[T], R], items: Iterable[T], concurrency: int) -> Iterator[R]:
    """Yields the results of `work`, in no order. Takes the next item once fewer than `concurrency` are in work."""
    with ThreadPoolExecutor(concurrency) as pool:
        running: set[Future[R]] = set()
        for item in items:
            running.add(pool.submit(work, item))
            if len(running) >= concurrency:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (each.result() for each in done)
        yield from (each.result() for each in running)


class BatchCalls:
    """The batches of one tenant."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._stub = JobServiceStub(calls.channel)

    def upload(self, picture: Local) -> str:
        """
        Stores a picture for an hour and returns its digest. The bytes of one of at least 256 KiB are sent only if the mesh does not have them of this
        tenant. Raises IMAGE_* for one that no job would take.
        """
        digest = digest_of(picture)
        asked = [digest] if size_of(picture) >= MIN_ASKED_BYTES else []
        if find_stored(self._calls, self._stub, asked, keep=True):
            return digest
        header = pb.UploadPictureHeader(sha256=digest, size_bytes=size_of(picture))

        def requests() -> Iterator[pb.UploadPictureRequest]:
            yield pb.UploadPictureRequest(header=header)
            for chunk in read_chunks(picture):
                yield pb.UploadPictureRequest(chunk=chunk)
            yield pb.UploadPictureRequest(end=UploadEnd())

        self._calls.retried(
            lambda left_s: self._stub.UploadPicture(requests(), timeout=left_s, metadata=self._calls.metadata),
            UPLOAD_TIMEOUT_S,
        )
        return digest

    def create(
        self,
        pipeline: Work,
        pictures: Sequence[Local],
        *,
        names: Sequence[str] = (),
        settings: JobSettings = JobSettings(),
        uploads: int = 4,
    ) -> pb.Batch:
        """
        Uploads 1 to 10,000 pictures, `uploads` at once, and creates a batch of them. A picture that the mesh refuses is a failed job of the batch.
        """
        header = settings.to_header(pipeline, "batch")

        def send(item: tuple[int, Local]) -> tuple[int, str]:
            index, picture = item
            try:
                return index, self.upload(picture)
            except PixelmeshError as error:
                # The mesh remembers the reason, and the batch shows it.
                if not error.reason.startswith("IMAGE_"):
                    raise
                return index, digest_of(picture)

        digests = dict(run_bounded(send, enumerate(pictures), uploads))
        sources = [Blob(sha256=digests[index]) for index in range(len(pictures))]
        request = pb.CreateBatchRequest(header=header, sources=sources, names=names)
        return self._calls.retried(
            lambda left_s: self._stub.CreateBatch(request, timeout=left_s, metadata=self._calls.metadata),
            _CREATE_TIMEOUT_S,
        )

    def watch(self, batch_id: str, cursor: str = "") -> Iterator[pb.Batch]:
        """Iterates over the batch and the jobs that have ended since `cursor`, each once, until the batch has ended."""
        backoff = Backoff(self._calls.retry_timeout_s)
        has_ended = False
        while True:
            failure: PixelmeshError | None = None
            try:
                request = pb.WatchBatchRequest(batch_id=batch_id, cursor=cursor)
                for batch in self._calls.stream(self._stub.WatchBatch(request, metadata=self._calls.metadata)):
                    backoff.reset()
                    # The stream is read to its end, so that it is not reset.
                    if has_ended:
                        continue
                    cursor = batch.cursor
                    has_ended = is_batch_ended(batch)
                    yield batch
            except PixelmeshError as error:
                failure = error
            if has_ended:
                return
            backoff.wait(failure)

    def cancel(self, batch_id: str) -> pb.Batch:
        """Cancels what has not ended of a batch, and returns it."""
        request = pb.CancelBatchRequest(batch_id=batch_id)
        return self._calls.retried(
            lambda left_s: self._stub.CancelBatch(request, timeout=left_s, metadata=self._calls.metadata)
        )
