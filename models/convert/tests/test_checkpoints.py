"""Tiny checkpoints that torch wrote (make_fixtures.py), converted, run by onnxruntime, and compared with torch's own results."""

from __future__ import annotations

import pickle
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime as ort

sys.path.insert(0, str(Path(__file__).parents[1]))

from checkpoint import load_checkpoint  # noqa: E402
from convert import convert  # noqa: E402
from refused import RefusedFile  # noqa: E402
from write_checkpoint import described, dictionary  # noqa: E402

FIXTURES = Path(__file__).parent / "fixtures"
CASES = {
    "srvgg-x4": ("SRVGGNetCompact", 4),
    "bfloat16-x2": ("SRVGGNetCompact", 2),
    "rrdb-x4": ("RRDBNet", 4),
    "rrdb-x2": ("RRDBNet", 2),
    "rrdb-x1": ("RRDBNet", 1),
    "esrgan-x4": ("RRDBNet", 4),
}


class Convert(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_results_equal_those_of_torch(self) -> None:
        for name, (architecture, scale) in CASES.items():
            with self.subTest(name):
                out = self.folder / f"{name}.onnx"
                found = convert(FIXTURES / f"{name}.pth", None, out)
                self.assertEqual((found["architecture"], found["scale"]), (architecture, scale))
                expected = np.load(FIXTURES / f"{name}.npz")
                session = ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
                result = session.run(None, {"input": expected["input"]})[0]
                self.assertEqual(result.shape, expected["output"].shape)
                self.assertLess(np.abs(result - expected["output"]).max(), 1e-5)

    def test_the_graph_takes_any_size(self) -> None:
        out = self.folder / "any.onnx"
        convert(FIXTURES / "srvgg-x4.pth", None, out)
        session = ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
        for shape in ((1, 3, 1, 1), (2, 3, 7, 31)):
            result = session.run(None, {"input": np.zeros(shape, np.float32)})[0]
            self.assertEqual(result.shape, (shape[0], 3, 4 * shape[2], 4 * shape[3]))


class Refuse(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def refused(self, path: Path, message: str) -> None:
        with self.assertRaisesRegex(RefusedFile, message):
            convert(path, None, self.folder / "out.onnx")
        self.assertFalse((self.folder / "out.onnx").exists())

    def archive(self, described: bytes, compression: int = zipfile.ZIP_STORED) -> Path:
        path = self.folder / "made.pth"
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr("made/data.pkl", described)
            archive.writestr("made/data/0", bytes(16))
        return path

    def test_a_pickled_module(self) -> None:
        self.refused(FIXTURES / "whole-module.pth", "pickle of tensors only.*the name __main__.Srvgg")

    def test_the_format_before_torch_1_6(self) -> None:
        self.refused(FIXTURES / "old-format.pth", "torch 1.6 or later.*load and save it once")

    def test_a_pickle_that_runs_a_command(self) -> None:
        marker = self.folder / "ran"

        class Command:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                import os

                return os.system, (f"touch {marker}",)

        self.refused(self.archive(pickle.dumps(Command(), protocol=2)), "pickle of tensors only.*posix.system")
        self.assertFalse(marker.exists())

    def test_instructions_that_torch_does_not_write(self) -> None:
        self.refused(self.archive(pickle.dumps({"a": frozenset([1])}, protocol=4)), "pickle of tensors only.*the instruction")

    def test_a_memo_index_that_would_allocate_gigabytes(self) -> None:
        self.refused(self.archive(b"\x80\x02}r\xff\xff\xff\x7f."), "memo indices")

    def test_a_pickle_that_ends_early(self) -> None:
        self.refused(self.archive(b"\x80\x02}q"), "whole pickle")

    def test_a_compressed_archive(self) -> None:
        self.refused(self.archive(pickle.dumps({}, protocol=2), zipfile.ZIP_DEFLATED), "uncompressed members")

    def test_a_tensor_beyond_its_storage(self) -> None:
        for offset, shape, strides in ((3, (2,), (1,)), (0, (2, 2), (4, 1)), (0, (64,), (0,)), (-1, (1,), (1,)), (0, (2**40,), (0,))):
            with self.subTest((offset, shape, strides)):
                self.refused(self.archive(describe_tensor(offset, shape, strides)), "a tensor")

    def test_a_storage_that_is_not_there(self) -> None:
        self.refused(self.archive(describe_tensor(0, (1,), (1,)).replace(b"\x01\x00\x00\x000", b"\x01\x00\x00\x009")), "tensors only")

    def test_tensors_of_another_network(self) -> None:
        self.refused(self.archive(describe_tensor(0, (4,), (1,))), "SRVGGNetCompact or RRDBNet")

    def test_no_zip_archive(self) -> None:
        path = self.folder / "page.pth"
        path.write_text("<!DOCTYPE html>")
        self.refused(path, "torch 1.6 or later.*begins with")

    def test_every_truncation_of_a_checkpoint(self) -> None:
        whole = (FIXTURES / "bfloat16-x2.pth").read_bytes()
        path = self.folder / "cut.pth"
        for length in range(0, len(whole), 97):
            path.write_bytes(whole[:length])
            with self.assertRaises(RefusedFile):
                convert(path, None, self.folder / "out.onnx")

    def test_wrong_bytes_never_raise_anything_but_a_refusal(self) -> None:
        whole = bytearray((FIXTURES / "bfloat16-x2.pth").read_bytes())
        rng = np.random.default_rng(1)
        path = self.folder / "wrong.pth"
        for _ in range(300):
            changed = bytearray(whole)
            for at in rng.integers(0, len(whole), 3):
                changed[at] = rng.integers(256)
            path.write_bytes(changed)
            try:
                convert(path, None, self.folder / "out.onnx")
            except RefusedFile:
                pass


class Load(unittest.TestCase):
    def test_params_ema_goes_before_params(self) -> None:
        self.assertNotIn("wrong", load_checkpoint(FIXTURES / "rrdb-x4.pth"))


def describe_tensor(offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """A pickle of {"t": tensor} over the four float32 of storage 0."""
    return b"\x80\x02" + dictionary({"t": described("0", 4, offset, shape, strides)}) + b"."


if __name__ == "__main__":
    unittest.main()
