"""Made-up ncnn models with every known kind of layer, converted, run by onnxruntime, and compared with ncnn itself."""

from __future__ import annotations

import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnxruntime as ort

sys.path.insert(0, str(Path(__file__).parents[1]))

from convert import convert  # noqa: E402
from ncnn_reference import run_ncnn  # noqa: E402
from refused import RefusedFile  # noqa: E402

HALF = 0x01306B47
PARAM = """7767517
15 19
Input data 0 1 data
Split split 1 2 data data_0 data_1
Convolution first 1 1 data_0 a 0=4 1=3 4=1 5=1 6=108 9=2 -23310=1,2.000000e-01
Split split_a 1 3 a a_0 a_1 a_2
Convolution wide 1 1 a_0 b 0=4 1=5 11=3 4=2 14=1 16=1 5=1 6=240 9=1
PReLU slopes 1 1 b c 0=4
Eltwise weighted 2 1 c a_1 d 0=1 -23301=2,2.000000e-01,1.000000e+00
Concat join 2 1 d a_2 e
Convolution grown 1 1 e f 0=12 1=3 4=2 2=2 5=0 6=864
PixelShuffle shuffle 1 1 f g 0=2
Interp large 1 1 g h 0=1 1=2.000000e+00 2=2.000000e+00
Interp base 1 1 data_1 i 0=2 1=4.000000e+00 2=4.000000e+00
BinaryOp sum 2 1 h i j 0=0
ReLU relu 1 1 j k 0=1.000000e-01
Interp small 1 1 k output 0=3 1=5.000000e-01 2=5.000000e-01
"""


class Ncnn(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def made(self, param: str = PARAM, half: bool = False, cut: int = 0) -> Path:
        """Writes a model whose weights fit PARAM, as float32 or float16, without its last `cut` bytes."""
        rng = np.random.default_rng(5)
        values = lambda count: rng.normal(0, 0.2, count).astype(np.float32)  # noqa: E731
        parts = []
        for weights, biases, slopes in ((108, 4, 0), (240, 4, 0), (0, 0, 4), (864, 0, 0)):
            if weights:
                kernel = values(weights)
                parts.append(HALF.to_bytes(4, "little") + kernel.astype("<f2").tobytes() if half else bytes(4) + kernel.tobytes())
            parts += [values(biases).tobytes(), values(slopes).tobytes()]
        content = b"".join(parts)
        (self.folder / "made.bin").write_bytes(content[: len(content) - cut])
        (self.folder / "made.param").write_text(param)
        return self.folder / "made.param"

    def refused(self, path: Path, message: str) -> None:
        with self.assertRaisesRegex(RefusedFile, message):
            convert(path, None, self.folder / "out.onnx")
        self.assertFalse((self.folder / "out.onnx").exists())

    def test_results_equal_those_of_ncnn(self) -> None:
        picture = np.random.default_rng(6).random((3, 17, 22), np.float32)
        for half in (False, True):
            with self.subTest(half=half):
                path, out = self.made(half=half), self.folder / "made.onnx"
                self.assertEqual(convert(path, None, out)["scale"], 2)
                session = ort.InferenceSession(str(out), providers=["CPUExecutionProvider"])
                result = session.run(None, {"input": picture[None]})[0][0]
                expected = run_ncnn(path, picture)
                self.assertEqual(result.shape, expected.shape)
                self.assertLess(np.abs(result - expected).max(), 1e-5)

    def test_refused_files(self) -> None:
        for old, new, message in (
            ("7767517", "7767518", "begins with 7767517"),
            ("15 19", "16 19", "number of layers"),
            ("PReLU slopes", "Softmax slopes", "layers of the kinds.*Softmax slopes"),
            ("6=108", "6=107", "108 weights of first"),
            ("0=4 1=3 4=1 5=1 6=108", "0=4000000 1=3 4=1 5=1 6=108", "weights of first"),
            ("0=4 1=3 4=1 5=1 6=108", "0=4 1=3 3=2 4=1 5=1 6=108", "plain convolution first"),
            ("0=4 1=3 4=1 5=1 6=108", "0=4 1=3 4=0 5=1 6=108", "keeps the picture's size"),
            ("0=4 1=3 4=1 5=1 6=108", "0=4 1=3 4=1 5=1 6=108 8=1", "plain convolution first"),
            ("9=1", "9=6", "no activation, ReLU or leaky ReLU"),
            ("slopes 1 1 b c 0=4", "slopes 1 1 b c 0=3", "slopes"),
            ("PixelShuffle shuffle 1 1 f g 0=2", "PixelShuffle shuffle 1 1 f g 0=5", "divides 12 channels"),
            ("2=4.000000e+00", "2=3.000000e+00", "resize base by one factor"),
            ("0=2 1=4.000000e+00 2=4.000000e+00", "0=2 1=3.000000e+00 2=3.000000e+00", "sum sum of two tensors of one shape"),
            ("small 1 1 k output 0=3 1=5.000000e-01 2=5.000000e-01", "small 1 1 k output 0=3 1=6.000000e-01 2=6.000000e-01", "a scale of"),
            ("h i j 0=0", "h data_1 j 0=0", "that an earlier layer made"),
            ("Split split 1 2", "Split split 1 200", "a line `type name"),
            ("1=5 11=3", "1=nan 11=3", "whole number"),
        ):
            with self.subTest(new):
                self.assertIn(old, PARAM)
                self.refused(self.made(PARAM.replace(old, new, 1)), message)

    def test_weights_that_end_early_or_late(self) -> None:
        self.refused(self.made(cut=4), "weights for all layers")
        path = self.made()
        with (self.folder / "made.bin").open("ab") as file:
            file.write(b"more")
        self.refused(path, "bytes of weights, as the layers say")

    def test_quantised_weights(self) -> None:
        path = self.made()
        content = bytearray((self.folder / "made.bin").read_bytes())
        content[:4] = (0x000D4B38).to_bytes(4, "little")
        (self.folder / "made.bin").write_bytes(content)
        self.refused(path, "float32 or float16.*int8")

    def test_weights_that_are_no_numbers(self) -> None:
        path = self.made()
        content = bytearray((self.folder / "made.bin").read_bytes())
        content[4:8] = np.float32("nan").tobytes()
        (self.folder / "made.bin").write_bytes(content)
        self.refused(path, "finite weights")

    def test_wrong_bytes_never_raise_anything_but_a_refusal(self) -> None:
        rng = np.random.default_rng(2)
        for _ in range(300):
            changed = bytearray(PARAM.encode())
            for at in rng.integers(8, len(changed), 2):
                changed[at] = rng.integers(256)
            path = self.made()
            path.write_bytes(changed)
            try:
                convert(path, None, self.folder / "out.onnx")
            except RefusedFile:
                pass


if __name__ == "__main__":
    unittest.main()
