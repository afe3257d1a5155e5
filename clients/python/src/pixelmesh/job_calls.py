"""Jobs: create, follow, download."""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator, Mapping, Sequence

from pixelmesh.calls import Backoff, Calls
from pixelmesh.common.v1.picture_pb2 import ImageFormat, UploadEnd
from pixelmesh.failures import PixelmeshError, from_job_error
from pixelmesh.features import Feature, Work
from pixelmesh.jobs.v1 import job_service_pb2 as pb
from pixelmesh.jobs.v1.job_pb2 import Job, JobState, OutputStatus
from pixelmesh.jobs.v1.job_service_pb2_grpc import JobServiceStub
from pixelmesh.pictures import Picture, Stored, Url, read_chunks, size_of
from pixelmesh.pipeline.v1 import pipeline_pb2
from pixelmesh.stored_pictures import without_stored

UPLOAD_TIMEOUT_S = 15 * 60.0
#: A connection that breaks more often during one download is of no use.
_MAX_INTERRUPTIONS = 100
_ENDED = (JobState.JOB_STATE_SUCCEEDED, JobState.JOB_STATE_FAILED, JobState.JOB_STATE_CANCELLED)


@dataclass(frozen=True)
class JobSettings:
    """Settings of a job, or of every job of a batch."""

    #: "interactive" or "batch". Default: interactive for a job, batch for a batch.
    priority: str | None = None
    #: "auto", "high", "balanced" or "fast".
    quality: str = "auto"
    #: Permits smaller sizes, lighter models or a CPU; the job lists its adaptations.
    allow_degraded: bool = False
    no_cache: bool = False
    #: Computes every step again; the results replace the cached ones. Not with no_cache.
    refresh: bool = False
    labels: Sequence[str] = ()
    #: Idempotency key; default: a random one.
    request_id: str | None = None
    #: Time in which the job must end, in seconds; default: the mesh's, 15 minutes.
    deadline_s: float | None = None
    callback_url: str = ""

    def to_header(self, work: Work, default_priority: str) -> pb.CreateJobHeader:
        """Returns the header of a request with these settings."""
        priority = (self.priority or default_priority).upper()
        return pb.CreateJobHeader(
            pipeline=None if isinstance(work, Feature) else work.to_message(),
            feature=work.to_message() if isinstance(work, Feature) else None,
            priority=pipeline_pb2.Priority.Value(f"PRIORITY_{priority}"),
            quality=pipeline_pb2.Quality.Value(f"QUALITY_{self.quality.upper()}"),
            allow_degraded=self.allow_degraded,
            no_cache=self.no_cache,
            refresh=self.refresh,
            labels=self.labels,
            request_id=self.request_id or str(uuid.uuid4()),
            deadline_after_ms=0 if self.deadline_s is None else max(1, round(self.deadline_s * 1000)),
            callback_url=self.callback_url,
        )


def is_ended(job: Job) -> bool:
    """Whether a job is in a terminal state."""
    return job.state in _ENDED


def extension_of(format: ImageFormat.ValueType) -> str:
    """Returns the extension of files of a format, without a dot."""
    name = ImageFormat.Name(format).removeprefix("IMAGE_FORMAT_").lower()
    return "jpg" if name == "jpeg" else name


class Download:
    """One output: its header, then its bytes as chunks, which are checked against the header."""

    def __init__(self, header: OutputStatus, chunks: Iterator[bytes]) -> None:
        self.header = header
        self.chunks = chunks

    def read(self) -> bytes:
        """Returns all bytes, in memory."""
        return b"".join(self.chunks)

    def save(self, path: str | Path) -> None:
        """Saves the bytes. A file that is there already is replaced once the new one is complete."""
        target = Path(path)
        part = target.with_name(f".{uuid.uuid4()}.part")
        try:
            with open(part, "xb") as file:
                for chunk in self.chunks:
                    file.write(chunk)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


class JobCalls:
    """The jobs of one tenant."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._stub = JobServiceStub(calls.channel)

    def create(
        self,
        pipeline: Work,
        source: Picture,
        pictures: Mapping[str, Picture] | None = None,
        *,
        settings: JobSettings = JobSettings(),
        on_upload: Callable[[int], None] | None = None,
        timeout_s: float = UPLOAD_TIMEOUT_S,
    ) -> Job:
        """
        Creates a job of a pipeline or a feature, of the source and of further pictures by name, and returns once it is durable. Repeated under the same request id while the mesh
        does not answer. The bytes of a picture of at least 256 KiB are sent only if the mesh does not have them of this tenant. `on_upload` gets the
        bytes that were sent.
        """
        header = settings.to_header(pipeline, "interactive")
        all_pictures: Mapping[str, Picture] = {"source": source, **(pictures or {})}

        def requests(sent_pictures: Mapping[str, Picture]) -> Iterator[pb.CreateJobRequest]:
            yield pb.CreateJobRequest(header=header)
            sent = 0
            for name, picture in sent_pictures.items():
                yield pb.CreateJobRequest(upload=_announce(name, picture))
                if isinstance(picture, (Stored, Url)):
                    continue
                for chunk in read_chunks(picture):
                    yield pb.CreateJobRequest(chunk=chunk)
                    sent += len(chunk)
                    if on_upload is not None:
                        on_upload(sent)
            yield pb.CreateJobRequest(end=UploadEnd())

        def create(sent_pictures: Mapping[str, Picture]) -> Job:
            return self._calls.retried(
                lambda left_s: self._stub.CreateJob(
                    requests(sent_pictures), timeout=left_s, metadata=self._calls.metadata
                ),
                timeout_s,
            )

        named = without_stored(self._calls, self._stub, all_pictures)
        try:
            return create(named)
        except PixelmeshError as error:
            # A picture went in the meantime, or another replica does not know it.
            if error.reason != "BLOB_NOT_FOUND" or named == all_pictures:
                raise
            return create(all_pictures)

    def get(self, job_id: str) -> Job:
        """Returns a job. Raises JOB_NOT_FOUND."""
        request = pb.GetJobRequest(job_id=job_id)
        return self._calls.retried(lambda left_s: self._stub.GetJob(request, timeout=left_s, metadata=self._calls.metadata))

    def list(self, *, labels: Sequence[str] = (), page_size: int = 50) -> Iterator[Job]:
        """Iterates from the newest job on. Fetches pages as needed."""
        token = ""
        while True:
            request = pb.ListJobsRequest(page_size=page_size, page_token=token, filter=pb.JobFilter(labels=labels))
            page = self._calls.retried(
                lambda left_s: self._stub.ListJobs(request, timeout=left_s, metadata=self._calls.metadata)
            )
            yield from page.jobs
            token = page.next_page_token
            if token == "":
                return

    def cancel(self, job_id: str) -> Job:
        """Cancels a job unless it has ended, and returns it."""
        request = pb.CancelJobRequest(job_id=job_id)
        return self._calls.retried(lambda left_s: self._stub.CancelJob(request, timeout=left_s, metadata=self._calls.metadata))

    def watch(self, job_id: str) -> Iterator[Job]:
        """Iterates over the job's states, from now until a terminal one. Watches another replica if the watched one is lost."""
        backoff = Backoff(self._calls.retry_timeout_s)
        revision, progress = 0, 0.0
        ended: Job | None = None
        while True:
            failure: PixelmeshError | None = None
            try:
                request = pb.WatchJobRequest(job_id=job_id)
                for job in self._calls.stream(self._stub.WatchJob(request, metadata=self._calls.metadata)):
                    backoff.reset()
                    if job.revision < revision or ended is not None:
                        continue
                    revision = job.revision
                    if is_ended(job):
                        # The stream is read to its end, so that it is not reset: servers end connections with too many resets.
                        ended = job
                        continue
                    # A replica that has just started may not know the progress yet.
                    progress = job.progress = max(progress, job.progress)
                    yield job
            except PixelmeshError as error:
                failure = error
            if ended is not None:
                yield ended
                return
            backoff.wait(failure)

    def wait(self, job_id: str, timeout_s: float | None = None) -> Job:
        """Returns the job once it has ended. Raises DEADLINE_EXCEEDED after `timeout_s`, measured at the job's changes."""
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        for job in self.watch(job_id):
            if is_ended(job):
                return job
            if until_s is not None and time.monotonic() > until_s:
                raise PixelmeshError("DEADLINE_EXCEEDED", "The job did not end in time", job_id=job_id)
        raise AssertionError("A watch ends with an ended job")

    def download(self, job_id: str, output: str, *, timeout_s: float = UPLOAD_TIMEOUT_S) -> Download:
        """
        Returns an output. Its chunks resume at the last received byte after a lost connection, at most 100 times within `timeout_s`. They raise
        BLOB_CORRUPT instead of the last bytes if these are not those that the header announces.
        """
        until_s = time.monotonic() + timeout_s
        header, first = self._calls.retried(lambda left_s: self._open(job_id, output, 0, left_s), timeout_s)

        def read() -> Iterator[bytes]:
            backoff = Backoff(self._calls.retry_timeout_s)
            digest, at, interruptions = hashlib.sha256(), 0, 0
            chunks: Iterator[bytes] | None = first
            corrupt = PixelmeshError("BLOB_CORRUPT", f"Output `{output}` arrived with other bytes than announced")
            while True:
                try:
                    if chunks is None:
                        again, chunks = self._open(job_id, output, at, max(0.001, until_s - time.monotonic()))
                        if (again.sha256, again.size_bytes) != (header.sha256, header.size_bytes):
                            raise corrupt
                    for chunk in chunks:
                        at += len(chunk)
                        digest.update(chunk)
                        if at > header.size_bytes or (at == header.size_bytes and digest.hexdigest() != header.sha256):
                            raise corrupt
                        backoff.reset()
                        yield chunk
                    break
                except PixelmeshError as error:
                    # All bytes have arrived; only the end of the call was lost.
                    if at == header.size_bytes and error is not corrupt:
                        break
                    chunks = None
                    interruptions += 1
                    if interruptions > _MAX_INTERRUPTIONS or time.monotonic() >= until_s:
                        raise
                    backoff.wait(error)
            if at != header.size_bytes:
                raise corrupt

        return Download(header, read())

    def save_outputs(self, job: Job, folder: str | Path, stem: str | None = None) -> Sequence[Path]:
        """Saves every output of a job as `<folder>/<stem>.<output>.<extension>`. Makes the folder. Returns the paths."""
        Path(folder).mkdir(parents=True, exist_ok=True)
        paths: list[Path] = []
        for output in job.outputs:
            # The name becomes a part of a path.
            if not output.name.replace("-", "").replace("_", "").isalnum():
                raise PixelmeshError("RESULT_INVALID", "The mesh named an output that no pipeline can have")
            download = self.download(job.id, output.name)
            path = Path(folder) / f"{stem or job.id}.{output.name}.{extension_of(download.header.format)}"
            download.save(path)
            paths.append(path)
        return paths

    def _open(self, job_id: str, output: str, offset: int, left_s: float) -> tuple[OutputStatus, Iterator[bytes]]:
        request = pb.DownloadOutputRequest(job_id=job_id, output=output, offset_bytes=offset)
        call = self._stub.DownloadOutput(request, timeout=left_s, metadata=self._calls.metadata)
        responses = self._calls.stream(call)
        header = next(responses, None)
        if header is None or header.WhichOneof("part") != "header":
            raise PixelmeshError("RESULT_INVALID", "The mesh began a download without a header")
        return header.header, (each.chunk for each in responses)


def check_succeeded(job: Job) -> Job:
    """Returns a job that has succeeded. Raises the error of one that failed or was cancelled."""
    if job.state == JobState.JOB_STATE_SUCCEEDED:
        return job
    raise from_job_error(job.id, job.error if job.HasField("error") else None)


def _announce(name: str, picture: Picture) -> pb.Upload:
    if isinstance(picture, Stored):
        return pb.Upload(name=name, sha256=picture.sha256)
    if isinstance(picture, Url):
        return pb.Upload(name=name, source_url=picture.url)
    return pb.Upload(name=name, size_bytes=size_of(picture))

