"""The client of a mesh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Callable, Mapping, Sequence

from pixelmesh.batch_calls import BatchCalls, run_bounded
from pixelmesh.calls import Calls, Tls
from pixelmesh.direct_calls import DirectCalls
from pixelmesh.effects.v1.effects_service_pb2 import EffectDescription, ListEffectsRequest
from pixelmesh.failures import PixelmeshError, from_job_error
from pixelmesh.features import Work
from pixelmesh.job_calls import Download, JobCalls, JobSettings, check_succeeded
from pixelmesh.jobs.v1 import job_service_pb2 as pb
from pixelmesh.jobs.v1.job_pb2 import Job, JobState
from pixelmesh.jobs.v1.job_service_pb2_grpc import JobServiceStub
from pixelmesh.models.v1.models_pb2 import ListModelsRequest, Model
from pixelmesh.pictures import Local, Picture, stem_of, stems_of
from pixelmesh.remote.v1.remote_service_pb2 import ListRemoteModelsRequest, ListRemoteModelsResponse


@dataclass(frozen=True)
class FinishedJob:
    """A job that has succeeded. An output without a name is the first one."""

    job: Job
    _jobs: JobCalls
    _stem: str | None

    def download(self, output: str | None = None) -> Download:
        """Returns an output."""
        return self._jobs.download(self.job.id, output or self.job.outputs[0].name)

    def save_outputs(self, folder: str | Path, stem: str | None = None) -> Sequence[Path]:
        """Saves every output as `<folder>/<stem>.<output>.<extension>`; stem: of the picture's file, or the id of the job."""
        return self._jobs.save_outputs(self.job, folder, stem or self._stem)


@dataclass(frozen=True)
class BatchResult:
    """One picture of a batch, when its job has ended: the finished job, or its error."""

    index: int
    name: str
    finished: FinishedJob | None
    error: PixelmeshError | None


class Mesh(DirectCalls):
    """A client of a mesh. It connects on first use. Close it, or use it in a `with` block. May be shared by threads."""

    def __init__(self, calls: Calls) -> None:
        super().__init__(calls)
        self.jobs = JobCalls(calls)
        self.batches = BatchCalls(calls)
        self._stub = JobServiceStub(calls.channel)

    def run(
        self,
        pipeline: Work,
        source: Picture,
        pictures: Mapping[str, Picture] | None = None,
        *,
        settings: JobSettings = JobSettings(),
        on_progress: Callable[[Job], None] | None = None,
        on_upload: Callable[[int], None] | None = None,
    ) -> FinishedJob:
        """Creates a job, follows it to its end and returns it. Raises the error of a job that fails."""
        created = self.jobs.create(pipeline, source, pictures, settings=settings, on_upload=on_upload)
        last = created
        for last in self.jobs.watch(created.id):
            if on_progress is not None:
                on_progress(last)
        return FinishedJob(check_succeeded(last), self.jobs, stem_of(source))

    def run_batch(
        self,
        pipeline: Work,
        pictures: Sequence[Local],
        on_result: Callable[[BatchResult], None] | None = None,
        *,
        settings: JobSettings = JobSettings(),
        uploads: int = 4,
        concurrency: int = 4,
    ) -> pb.Batch:
        """
        Uploads pictures, creates a batch of them and follows it to its end. `on_result` gets each picture once, as its job ends, in up to
        `concurrency` threads at once. Returns the ended batch.
        """
        stems = stems_of(pictures)
        names = [stem or str(index) for index, stem in enumerate(stems)]
        created = self.batches.create(pipeline, pictures, names=names, settings=settings, uploads=uploads)

        def handle(ended: pb.BatchJob) -> None:
            if on_result is not None:
                on_result(self._to_result(ended, stems[ended.index]))

        last = created
        for last in self.batches.watch(created.id):
            for _ in run_bounded(handle, last.ended, concurrency):
                pass
        return last

    def effects(self) -> Sequence[EffectDescription]:
        """Returns every effect with its parameters, types and ranges."""
        return self._calls.retried(
            lambda left_s: self._stub.ListEffects(
                ListEffectsRequest(), timeout=left_s, metadata=self._calls.metadata
            ).effects
        )

    def features(self) -> Sequence[pb.FeatureDescription]:
        """Returns the newest version of every feature, with its steps, where they run, and whether this mesh can run them."""
        return self._calls.retried(
            lambda left_s: self._stub.ListFeatures(
                pb.ListFeaturesRequest(), timeout=left_s, metadata=self._calls.metadata
            ).features
        )

    def remote_models(self) -> ListRemoteModelsResponse:
        """Returns the hosted models of the operator's manifest, and the currency of their prices."""
        return self._calls.retried(
            lambda left_s: self._stub.ListRemoteModels(
                ListRemoteModelsRequest(), timeout=left_s, metadata=self._calls.metadata
            )
        )

    def estimate_cost(self, work: Work, settings: JobSettings = JobSettings()) -> pb.EstimateCostResponse:
        """Returns what a job would cost, by step, and what is left of the tenant's budget today. Creates nothing."""
        request = pb.EstimateCostRequest(header=settings.to_header(work, "interactive"))
        return self._calls.retried(
            lambda left_s: self._stub.EstimateCost(request, timeout=left_s, metadata=self._calls.metadata)
        )

    def models(self, task: str = "") -> Sequence[Model]:
        """Returns the models of all services, or of one task: upscale or matte."""
        return self._calls.retried(
            lambda left_s: self._stub.ListModels(
                ListModelsRequest(task=task), timeout=left_s, metadata=self._calls.metadata
            ).models
        )

    def close(self) -> None:
        """Closes the connection. Running calls fail."""
        self._calls.channel.close()

    def __enter__(self) -> Mesh:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _to_result(self, ended: pb.BatchJob, stem: str | None) -> BatchResult:
        if ended.state != JobState.JOB_STATE_SUCCEEDED:
            error = from_job_error(ended.job_id, ended.error if ended.HasField("error") else None)
            return BatchResult(ended.index, ended.name, None, error)
        try:
            finished = FinishedJob(self.jobs.get(ended.job_id), self.jobs, stem)
            return BatchResult(ended.index, ended.name, finished, None)
        except PixelmeshError as error:
            # The record of a job may be gone before its batch is read.
            if error.reason != "JOB_NOT_FOUND":
                raise
            return BatchResult(ended.index, ended.name, None, error)


def connect(
    address: str,
    *,
    token: str | None = None,
    tenant: str | None = None,
    tls: Tls | None = None,
    timeout_s: float = 30.0,
    retry_timeout_s: float = 30.0,
) -> Mesh:
    """
    Returns a client of the mesh at `host:port` or a `dns:///` name. `timeout_s` is the time of one short call, `retry_timeout_s` how long idempotent
    calls are repeated while the mesh does not answer.
    """
    return Mesh(
        Calls(address, token=token, tenant=tenant, tls=tls, timeout_s=timeout_s, retry_timeout_s=retry_timeout_s)
    )
