"""Tests of the installed package against a running mesh: PIXELMESH_ADDRESS names it, PIXELMESH_PICTURE a picture of 400×480. Run by `make check-clients`."""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
import threading
import unittest
import zlib
from pathlib import Path

from pixelmesh import (
    BatchResult,
    Feature,
    Input,
    JobSettings,
    Pipeline,
    PixelmeshError,
    Stored,
    connect,
    effect,
    encoding,
)

ADDRESS = os.environ["PIXELMESH_ADDRESS"]
PICTURE = os.environ["PIXELMESH_PICTURE"]


def png(width: int, height: int, color: tuple[int, int, int]) -> bytes:
    """Returns a PNG of one colour, written by hand as the specification says."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(color) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def size_of_png(data: bytes) -> tuple[int, int]:
    """Returns width and height from the header of a PNG."""
    return struct.unpack(">II", data[16:24])


class ClientTest(unittest.TestCase):
    def setUp(self) -> None:
        self.mesh = connect(ADDRESS)
        self.addCleanup(self.mesh.close)

    def test_a_feature_runs_in_place_of_a_pipeline(self) -> None:
        features = {each.name: each for each in self.mesh.features()}
        self.assertTrue(features["comic"].available)
        self.assertEqual({step.runs_on for step in features["comic"].steps}, {"local"})
        comic = Feature("comic", {"dots": 3, "max_side": 256}, outputs={"drawn": encoding("png")})
        estimate = self.mesh.estimate_cost(comic)
        self.assertEqual((estimate.total_micros, estimate.budget_left_micros), (0, -1))
        finished = self.mesh.run(comic, PICTURE)
        self.assertEqual(finished.job.feature, "comic@1")
        self.assertEqual(max(size_of_png(finished.download("drawn").read())), 256)
        self.assertEqual(list(self.mesh.remote_models().models), [])
        with self.assertRaises(PixelmeshError) as refused:
            self.mesh.run(Feature("relight"), PICTURE)
        self.assertEqual(refused.exception.reason, "PROVIDER_NOT_CONFIGURED")
        with self.assertRaises(PixelmeshError) as unknown:
            self.mesh.run(Pipeline().remote_model("painter", prompt="ink"), PICTURE)
        self.assertEqual(unknown.exception.reason, "PROVIDER_NOT_CONFIGURED")
        with self.assertRaises(ValueError):
            Feature("replace_background", {"picture": Input("beach")}).to_message()

    def test_a_run_creates_a_job_follows_it_and_saves_its_outputs(self) -> None:
        looks = (
            Pipeline()
            .prescale(max_side_px=120)
            .upscale(2)
            .output("large", "png")
            .remove_background(result="cut_out", refine="guided")
            .variant("dithered", lambda cut: cut.effect("dither", levels=4), "webp", lossless=True)
            .replace_background(gradient=["#ffffff", "#203040"])
            .output("studio", "jpeg")
        )
        progress: list[float] = []
        sent: list[int] = []
        finished = self.mesh.run(looks, PICTURE, on_progress=lambda job: progress.append(job.progress), on_upload=sent.append)
        self.assertEqual(progress[-1], 1)
        self.assertEqual(sent[-1], Path(PICTURE).stat().st_size)
        with tempfile.TemporaryDirectory() as folder:
            paths = finished.save_outputs(folder)
            stem = Path(PICTURE).stem
            self.assertEqual(
                [path.name for path in paths], [f"{stem}.large.png", f"{stem}.dithered.webp", f"{stem}.studio.jpg"]
            )
            data = paths[0].read_bytes()
            self.assertEqual(size_of_png(data), (200, 240))
            self.assertEqual(hashlib.sha256(data).hexdigest(), finished.job.outputs[0].sha256)
            self.assertEqual(len(list(Path(folder).iterdir())), 3)

    def test_effects_take_further_pictures(self) -> None:
        pipeline = Pipeline().effect("watermark", picture=Input("logo")).output("marked", "png")
        finished = self.mesh.run(pipeline, png(64, 48, (255, 255, 255)), {"logo": png(16, 16, (255, 0, 0))})
        self.assertEqual(size_of_png(finished.download().read()), (64, 48))

    def test_errors_have_reason_fields_and_metadata(self) -> None:
        with self.assertRaises(PixelmeshError) as unknown:
            self.mesh.run(Pipeline().effect("no-such"), png(16, 16, (0, 0, 0)))
        self.assertEqual(unknown.exception.reason, "UNKNOWN_EFFECT")
        self.assertIn("dither", unknown.exception.metadata["known"])
        self.assertFalse(unknown.exception.is_retryable)
        with self.assertRaises(PixelmeshError) as wrong:
            self.mesh.run(Pipeline().effect("noise", amount=-1.0), png(16, 16, (0, 0, 0)))
        self.assertEqual(wrong.exception.reason, "INVALID_ARGUMENT")
        self.assertTrue(wrong.exception.fields[0].field)
        with self.assertRaises(PixelmeshError) as missing:
            self.mesh.jobs.get("0" * 26)
        self.assertEqual(missing.exception.reason, "JOB_NOT_FOUND")
        with self.assertRaises(PixelmeshError) as unsure:
            pipeline = Pipeline().remove_background(min_confidence=1.0, on_low_confidence="fail")
            self.mesh.run(pipeline, PICTURE)
        self.assertEqual(unsure.exception.reason, "LOW_CONFIDENCE")
        self.assertTrue(unsure.exception.job_id)

    def test_a_mesh_that_does_not_answer_is_retried_for_the_given_time(self) -> None:
        with connect("127.0.0.1:1", retry_timeout_s=0.5) as unreachable, self.assertRaises(PixelmeshError) as failure:
            unreachable.effects()
        self.assertEqual(failure.exception.reason, "SERVICE_UNAVAILABLE")
        self.assertTrue(failure.exception.is_retryable)

    def test_the_same_request_id_makes_one_job(self) -> None:
        settings = JobSettings(request_id=f"python-{os.getpid()}", labels=["python"])
        made = [self.mesh.jobs.create(Pipeline().effect("invert"), png(16, 16, (1, 2, 3)), settings=settings) for _ in range(2)]
        self.assertEqual(made[0].id, made[1].id)
        self.assertIn(made[0].id, [job.id for job in self.mesh.jobs.list(labels=["python"])])
        self.mesh.jobs.wait(made[0].id)

    def test_a_batch_gives_each_result_once_in_a_few_threads(self) -> None:
        lock = threading.Lock()
        results: list[BatchResult] = []

        def keep(result: BatchResult) -> None:
            if result.finished is not None:
                self.assertEqual(size_of_png(result.finished.download().read()), (20, 10))
            with lock:
                results.append(result)

        pictures = [png(20, 10, (shade, 0, 0)) for shade in range(8)] + [b"no picture"]
        batch = self.mesh.run_batch(Pipeline().effect("invert").output("inverted", "png"), pictures, keep, concurrency=3)
        self.assertEqual((batch.jobs_succeeded, batch.jobs_failed), (8, 1))
        self.assertEqual(sorted(result.index for result in results), list(range(9)))
        failed = next(result for result in results if result.index == 8)
        self.assertEqual(failed.error and failed.error.reason, "IMAGE_TYPE_UNSUPPORTED")

    def test_direct_calls(self) -> None:
        picture = png(40, 30, (0x33, 0x66, 0x99))
        self.assertEqual((self.mesh.inspect(picture).width_px, self.mesh.inspect(picture).height_px), (40, 30))
        as_png = encoding("png")
        self.assertEqual(size_of_png(self.mesh.prescale(picture, max_side_px=20, encoding=as_png).data), (20, 15))
        self.assertEqual(size_of_png(self.mesh.upscale(picture, 2, as_png).data), (80, 60))
        cut = self.mesh.remove_background(PICTURE, as_png, background="#ffffff")
        self.assertEqual(size_of_png(cut.data), (400, 480))
        inverted = self.mesh.apply_effects(picture, [effect("invert")], as_png)
        self.assertEqual(size_of_png(inverted.data), (40, 30))
        preview = self.mesh.preview(PICTURE, [effect("dither", levels=4)], mode="fast", encoding=as_png)
        self.assertEqual(max(size_of_png(preview.data)), 300)
        again = self.mesh.preview(Stored(preview.source_sha256), [effect("dither", levels=4)], encoding=as_png)
        self.assertEqual(again.data, preview.data)

    def test_the_catalogue_and_the_models_are_listed(self) -> None:
        self.assertIn("dither", [each.name for each in self.mesh.effects()])
        self.assertTrue(any(model.task == "upscale" for model in self.mesh.models()))


if __name__ == "__main__":
    unittest.main()
