"""Degradations on tensors, compared with Pillow's JPEG files and OpenCV's blur."""

from __future__ import annotations

import io
import sys
import unittest
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from degrade import blur, degrade, jpeg  # noqa: E402

SCENE = Path(__file__).parents[3] / "examples" / "still-life.jpg"


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


class Degrade(unittest.TestCase):
    def setUp(self) -> None:
        # Sides that are no multiples of a block.
        self.picture = np.asarray(Image.open(SCENE).convert("RGB").resize((320, 240)))[:203, :301].copy()
        self.tensor = torch.from_numpy(self.picture).permute(2, 0, 1)[None].float() / 255

    def test_jpeg_loses_as_much_as_a_file_of_the_quality(self) -> None:
        for quality in (30, 60, 90):
            file = io.BytesIO()
            Image.fromarray(self.picture).save(file, "JPEG", quality=quality, subsampling="4:2:0")
            stored = np.asarray(Image.open(file))
            ours = jpeg(self.tensor, torch.tensor([float(quality)]))[0].permute(1, 2, 0).numpy() * 255
            self.assertLess(abs(psnr(ours, self.picture) - psnr(stored, self.picture)), 0.2)
            # Rounding inside libjpeg is different. The loss itself is more than ten times as large.
            self.assertGreater(psnr(ours, stored), psnr(stored, self.picture) + 10)

    def test_each_picture_has_its_own_quality(self) -> None:
        two = jpeg(self.tensor.repeat(2, 1, 1, 1), torch.tensor([30.0, 90.0]))
        self.assertTrue(torch.equal(two[0], jpeg(self.tensor, torch.tensor([30.0]))[0]))
        self.assertTrue(torch.equal(two[1], jpeg(self.tensor, torch.tensor([90.0]))[0]))

    def test_blur_is_that_of_opencv(self) -> None:
        ours = blur(self.tensor, torch.tensor([[2.0, 0.5]]))[0].permute(1, 2, 0).numpy() * 255
        theirs = cv2.GaussianBlur(self.picture.astype(np.float32), (21, 21), sigmaX=2.0, sigmaY=0.5, borderType=cv2.BORDER_REPLICATE)
        self.assertLess(np.abs(ours - theirs).max(), 0.01)

    def test_results_are_reduced_pictures_of_8_bits(self) -> None:
        torch.manual_seed(1)
        target = self.tensor[..., :200, :300].repeat(6, 1, 1, 1)
        small = degrade(target, 4)
        self.assertEqual(tuple(small.shape), (6, 3, 50, 75))
        levels = small * 255
        self.assertLess(float((levels - levels.round()).abs().max()), 1e-3)
        self.assertGreater(float((small[0] - small[1]).abs().mean()), 0.001)


if __name__ == "__main__":
    unittest.main()
