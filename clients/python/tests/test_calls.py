"""Tests of the installed package against a gRPC server of the test's own: metadata, TLS, retries, resumed streams."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Iterator

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from pixelmesh import Mesh, Pipeline, PixelmeshError, Tls, connect
from pixelmesh.common.v1.picture_pb2 import Blob
from pixelmesh.jobs.v1 import job_pb2, job_service_pb2
from pixelmesh.jobs.v1.job_service_pb2_grpc import JobServiceServicer, add_JobServiceServicer_to_server
from pixelmesh.pipeline.v1 import pipeline_pb2

CONTENT = bytes(range(256)) * 40


def failure(code: grpc.StatusCode, reason: str, retry_after_s: float | None = None) -> Any:
    """Returns the status that the mesh sends for a reason."""
    details = [AnyMessage(), AnyMessage()]
    details[0].Pack(ErrorInfo(reason=reason, domain="pixelmesh", metadata={"fact": "1"}))
    if retry_after_s is None:
        details.pop()
    else:
        nanos = round(retry_after_s * 1e9)
        details[1].Pack(RetryInfo(retry_delay=Duration(nanos=nanos)))
    return rpc_status.to_status(Status(code=code.value[0], message=f"text of {reason}", details=details))


class Server(JobServiceServicer):
    """Counts calls, and fails as a test says."""

    def __init__(self) -> None:
        self.calls = 0
        self.failures: list[Any] = []
        self.metadata: dict[str, str] = {}
        self.offsets: list[int] = []
        self.request_ids: list[str] = []
        #: Digests of the pictures that the mesh has, or None for a mesh that cannot tell.
        self.stored: set[str] | None = None
        self.asked: list[tuple[list[str], bool]] = []
        #: Of the last creation: the digest and the length of each picture.
        self.pictures: list[tuple[str, int]] = []
        self.uploaded: list[int] = []
        self.content = CONTENT
        self.announced = hashlib.sha256(CONTENT).hexdigest()

    def _begin(self, context: grpc.ServicerContext) -> None:
        self.calls += 1
        self.metadata = {str(key): str(value) for key, value in context.invocation_metadata()}
        if self.failures:
            context.abort_with_status(self.failures.pop(0))

    def GetJob(self, request: Any, context: grpc.ServicerContext) -> job_pb2.Job:
        self._begin(context)
        return job_pb2.Job(id=request.job_id)

    def CreateJob(self, request_iterator: Iterator[Any], context: grpc.ServicerContext) -> job_pb2.Job:
        parts = list(request_iterator)
        self.request_ids.append(parts[0].header.request_id)
        self._begin(context)
        self.pictures = []
        for part in parts:
            if part.WhichOneof("part") == "upload":
                self.pictures.append((part.upload.sha256, 0))
            elif part.WhichOneof("part") == "chunk":
                self.pictures[-1] = (self.pictures[-1][0], self.pictures[-1][1] + len(part.chunk))
        kinds = [part.WhichOneof("part") for part in parts]
        assert kinds[:2] == ["header", "upload"] and kinds[-1] == "end", kinds
        return job_pb2.Job(id=str(sum(len(part.chunk) for part in parts)))

    def FindPictures(self, request: Any, context: grpc.ServicerContext) -> Any:
        if self.stored is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "a mesh of a former release")
        self.asked.append((list(request.sha256), request.keep))
        found = [each for each in request.sha256 if each in (self.stored or ())]
        pictures = [job_service_pb2.UploadPictureResponse(blob=Blob(sha256=each)) for each in found]
        return job_service_pb2.FindPicturesResponse(pictures=pictures)

    def UploadPicture(self, request_iterator: Iterator[Any], context: grpc.ServicerContext) -> Any:
        self.uploaded.append(sum(len(part.chunk) for part in request_iterator))
        return job_service_pb2.UploadPictureResponse()

    def WatchJob(self, request: Any, context: grpc.ServicerContext) -> Iterator[job_pb2.Job]:
        self.calls += 1
        running, ended = job_pb2.JobState.JOB_STATE_RUNNING, job_pb2.JobState.JOB_STATE_SUCCEEDED
        yield job_pb2.Job(id="x", state=running, revision=self.calls, progress=0.5 if self.calls == 1 else 0.1)
        if self.calls == 1:
            context.abort_with_status(failure(grpc.StatusCode.UNAVAILABLE, "STOPPING"))
        yield job_pb2.Job(id="x", state=ended, revision=9, progress=1)

    def DownloadOutput(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        self.offsets.append(request.offset_bytes)
        header = job_pb2.OutputStatus(name="a", size_bytes=len(self.content), sha256=self.announced)
        yield job_service_pb2.DownloadOutputResponse(header=header)
        rest = self.content[request.offset_bytes :]
        yield job_service_pb2.DownloadOutputResponse(chunk=rest[:4096])
        if request.offset_bytes == 0:
            context.abort_with_status(failure(grpc.StatusCode.UNAVAILABLE, "STOPPING"))
        yield job_service_pb2.DownloadOutputResponse(chunk=rest[4096:])


class PipelineTest(unittest.TestCase):
    def test_every_operation_of_the_contract_can_be_built(self) -> None:
        built = (
            Pipeline()
            .prescale(max_pixels=1000)
            .upscale(2)
            .remove_background()
            .replace_background("#ffffff")
            .effect("noise")
            .remote_model("restore-face")
        )
        operations = [step.WhichOneof("operation") for step in built.to_message().steps]
        known = [field.name for field in pipeline_pb2.Step.DESCRIPTOR.oneofs_by_name["operation"].fields]
        self.assertEqual(sorted(operations), sorted(known))

    def test_a_pipeline_is_never_changed_by_its_methods(self) -> None:
        first = Pipeline().effect("noise")
        first.effect("blur").output("x")
        message = first.to_message()
        self.assertEqual([len(step.apply_effects.effects) for step in message.steps], [1])
        self.assertEqual(len(message.outputs), 0)

    def test_an_unknown_word_is_refused_with_those_that_are_known(self) -> None:
        with self.assertRaisesRegex(ValueError, "Expected one of guided, none, got `best`"):
            Pipeline().remove_background(refine="best")


class CallsTest(unittest.TestCase):
    def start(self, credentials: grpc.ServerCredentials | None = None, **options: Any) -> tuple[Server, Mesh]:
        """Starts a server, and a client of it."""
        pool = ThreadPoolExecutor(4)
        server = grpc.server(pool)
        servicer = Server()
        add_JobServiceServicer_to_server(servicer, server)
        if credentials is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        mesh = connect(f"127.0.0.1:{port}", **options)
        self.addCleanup(pool.shutdown)
        self.addCleanup(server.stop, None)
        self.addCleanup(mesh.close)
        return servicer, mesh

    def test_token_and_tenant_are_sent_with_every_call(self) -> None:
        server, mesh = self.start(token="secret", tenant="shop")
        mesh.jobs.get("x")
        self.assertEqual(server.metadata["authorization"], "Bearer secret")
        self.assertEqual(server.metadata["x-pixelmesh-tenant"], "shop")

    def test_a_mesh_that_does_not_answer_is_tried_again(self) -> None:
        server, mesh = self.start()
        server.failures = [failure(grpc.StatusCode.UNAVAILABLE, "STOPPING")] * 7
        self.assertEqual(mesh.jobs.get("x").id, "x")
        self.assertEqual(server.calls, 8)

    def test_a_full_mesh_is_tried_again_only_after_the_time_that_it_names(self) -> None:
        server, mesh = self.start()
        server.failures = [failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL", 0.4)]
        began = time.monotonic()
        mesh.jobs.get("x")
        # The wait has a jitter of a quarter.
        self.assertGreaterEqual(time.monotonic() - began, 0.3)
        server.failures = [failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUEUE_FULL")]
        with self.assertRaises(PixelmeshError) as full:
            mesh.jobs.get("x")
        self.assertEqual((full.exception.reason, full.exception.retry_after_s), ("QUEUE_FULL", None))
        self.assertEqual(full.exception.metadata, {"fact": "1"})
        self.assertEqual(full.exception.message, "text of QUEUE_FULL")
        self.assertEqual(server.calls, 3)

    def test_a_failure_that_lasts_is_raised_after_the_time_for_retries(self) -> None:
        server, mesh = self.start(retry_timeout_s=0.3)
        server.failures = [failure(grpc.StatusCode.UNAVAILABLE, "BROKER_UNAVAILABLE")] * 1000
        with self.assertRaises(PixelmeshError) as lasting:
            mesh.jobs.get("x")
        self.assertEqual(lasting.exception.reason, "BROKER_UNAVAILABLE")

    def test_a_creation_is_repeated_whole_under_one_request_id(self) -> None:
        server, mesh = self.start()
        server.failures = [failure(grpc.StatusCode.UNAVAILABLE, "STOPPING")]
        picture = bytes(2_500_000)
        self.assertEqual(mesh.jobs.create(Pipeline().upscale(2), picture).id, str(len(picture)))
        self.assertEqual(len(server.request_ids), 2)
        self.assertEqual(len(set(server.request_ids)), 1)

    def test_a_watch_goes_on_after_an_interruption_and_never_lowers_the_progress(self) -> None:
        server, mesh = self.start()
        self.assertEqual([job.progress for job in mesh.jobs.watch("x")], [0.5, 0.5, 1])
        self.assertEqual(server.calls, 2)

    def test_a_download_resumes_at_the_last_received_byte(self) -> None:
        server, mesh = self.start()
        self.assertEqual(mesh.jobs.download("x", "a").read(), CONTENT)
        self.assertEqual(server.offsets, [0, 4096])

    def test_wrong_bytes_are_never_saved_under_the_name_of_the_file(self) -> None:
        server, mesh = self.start()
        server.content = CONTENT[:-1] + b"x"
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(PixelmeshError) as wrong:
                mesh.jobs.download("x", "a").save(Path(folder, "a.png"))
            self.assertEqual(wrong.exception.reason, "BLOB_CORRUPT")
            self.assertEqual(list(Path(folder).iterdir()), [])

    def test_bytes_of_another_content_are_not_joined(self) -> None:
        server, mesh = self.start()
        download = mesh.jobs.download("x", "a")
        chunks = iter(download.chunks)
        first = next(chunks)
        server.announced = "0" * 64
        with self.assertRaises(PixelmeshError) as changed:
            list(chunks)
        self.assertEqual((len(first), changed.exception.reason), (4096, "BLOB_CORRUPT"))

    def test_large_pictures_are_sent_only_if_the_mesh_lacks_them(self) -> None:
        server, mesh = self.start()
        large, other, small = b"a" * 300_000, b"b" * 300_000, b"c" * 1_000
        digests = [hashlib.sha256(each).hexdigest() for each in (large, other)]
        server.stored = {digests[0]}
        mesh.jobs.create(Pipeline().upscale(2), large, {"other": other, "small": small})
        self.assertEqual(server.asked, [(sorted(digests), False)])
        self.assertEqual(server.pictures, [(digests[0], 0), ("", len(other)), ("", len(small))])
        self.assertEqual(mesh.batches.upload(large), digests[0])
        mesh.batches.upload(other)
        mesh.batches.upload(small)
        self.assertEqual(server.uploaded, [len(other), len(small)])
        self.assertEqual(server.asked[1:], [([digests[0]], True), ([digests[1]], True)])

    def test_a_mesh_that_cannot_tell_or_has_lost_the_picture_gets_the_bytes(self) -> None:
        server, mesh = self.start()
        large = b"a" * 300_000
        mesh.jobs.create(Pipeline().upscale(2), large)
        self.assertEqual(server.pictures, [("", len(large))])
        server.stored = {hashlib.sha256(large).hexdigest()}
        server.failures = [failure(grpc.StatusCode.NOT_FOUND, "BLOB_NOT_FOUND")]
        mesh.jobs.create(Pipeline().upscale(2), large)
        self.assertEqual(server.pictures, [("", len(large))])
        self.assertEqual(len(set(server.request_ids[1:])), 1)

    @unittest.skipUnless(shutil.which("openssl"), "it needs openssl to make a certificate")
    def test_calls_over_tls_trust_the_given_ca_only(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            key, cert = Path(folder, "key.pem"), Path(folder, "cert.pem")
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                 "-keyout", str(key), "-out", str(cert), "-subj", "/CN=mesh.test", "-addext", "subjectAltName=DNS:mesh.test"],
                check=True, capture_output=True,
            )  # fmt: skip
            credentials = grpc.ssl_server_credentials([(key.read_bytes(), cert.read_bytes())])
            _, mesh = self.start(credentials, tls=Tls(ca_file=str(cert), server_name="mesh.test"), token="secret")
            self.assertEqual(mesh.jobs.get("x").id, "x")
            _, stranger = self.start(credentials, tls=Tls(server_name="mesh.test"), retry_timeout_s=0.2)
            with self.assertRaises(PixelmeshError) as refused:
                stranger.jobs.get("x")
            self.assertEqual(refused.exception.reason, "SERVICE_UNAVAILABLE")


if __name__ == "__main__":
    unittest.main()
