"""Inputs of the upscaler for compressed pictures, compared with Pillow's JPEG files; and a network that is rebuilt from its ONNX file."""

from __future__ import annotations

import io
import sys
import unittest
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from compressed_batches import Mix, batch_of, degrade, stored  # noqa: E402
from sr_restore import restore  # noqa: E402

ROOT = Path(__file__).parents[3]


class Compressed(unittest.TestCase):
    def setUp(self) -> None:
        self.picture = np.asarray(Image.open(ROOT / "examples" / "still-life.jpg").convert("RGB").resize((320, 256))).copy()

    def test_files_are_those_of_the_quality(self) -> None:
        for quality, full_colour in ((30, False), (75, True)):
            file = io.BytesIO()
            Image.fromarray(self.picture).save(file, "JPEG", quality=quality, subsampling="4:4:4" if full_colour else "4:2:0")
            theirs = np.asarray(Image.open(file)).astype(float)
            ours = stored(self.picture, quality, full_colour)
            self.assertLess(np.abs(ours - theirs).mean(), 0.3)
            self.assertGreater(np.abs(ours - self.picture.astype(float)).mean(), 1)

    def test_inputs_and_targets_show_the_same_place(self) -> None:
        mix = Mix(clean=1, blurred=0)
        shard = np.stack([self.picture[:, :256]])
        sources, targets = batch_of(np.random.default_rng(3), [shard], 4, 6, 40, mix)
        self.assertEqual((sources.shape, targets.shape), ((6, 40, 40, 3), (6, 160, 160, 3)))
        for source, target in zip(sources, targets, strict=True):
            small = cv2.resize(target, (40, 40), interpolation=cv2.INTER_AREA).astype(float)
            moved = np.roll(small, 1, axis=1)
            error = np.abs(source - small)[4:-4, 4:-4].mean()
            self.assertLess(error * 2, np.abs(source - moved)[4:-4, 4:-4].mean())

    def test_equal_seeds_give_equal_pictures(self) -> None:
        one, two = (degrade(np.random.default_rng(5), self.picture, 4, Mix(clean=0)) for _ in range(2))
        self.assertTrue(np.array_equal(one, two))
        self.assertEqual(one.shape, (64, 80, 3))

    def test_a_restored_network_computes_what_its_file_does(self) -> None:
        path = ROOT / "models" / "pixelmesh-sr-x4.onnx"
        torch.manual_seed(2)
        x = torch.rand(1, 3, 33, 41)
        expected = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"input": x.numpy()})[0]
        with torch.inference_mode():
            self.assertLess(float(np.abs(restore(path)(x).numpy() - expected).max()), 1e-4)

    def test_another_file_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "pixelmesh-matte.onnx was not written by sr_export.py"):
            restore(ROOT / "models" / "pixelmesh-matte.onnx")


if __name__ == "__main__":
    unittest.main()
