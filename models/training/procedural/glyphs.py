"""Text drawn with whichever libre fonts are installed (DejaVu, Liberation, Noto …); drawn strokes where there are none."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .noise import Rng

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789&%?!.,:;()[]{}+-=*/<>@#äöüéàß"
LIBRE = ("dejavu", "liberation", "noto", "freefont", "gnu", "ubuntu", "lato", "open-sans")


@functools.cache
def font_files() -> tuple[str, ...]:
    """Sorted paths of the installed libre TrueType fonts."""
    files = Path("/usr/share/fonts").rglob("*.ttf")
    return tuple(sorted(str(f) for f in files if any(name in str(f).lower() for name in LIBRE) and "Math" not in f.name))


@functools.lru_cache(256)
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


def text_mask(rng: Rng, size_px: int, lines: int) -> np.ndarray:
    """A float32 coverage mask 0..1 of random words, turned by a random angle (often none)."""
    words = ["".join(rng.choice(list(LETTERS), int(rng.integers(1, 9)))) for _ in range(lines * 3)]
    rows = [" ".join(words[i * 3 : i * 3 + 3]) for i in range(lines)]
    width, height = int(size_px * 14), int(size_px * 1.3 * lines + size_px)
    if font_files():
        picture = Image.new("L", (width, height))
        font = _font(str(rng.choice(font_files())), size_px)
        ImageDraw.Draw(picture).multiline_text((size_px // 4, size_px // 4), "\n".join(rows), 255, font)
        mask = np.asarray(picture, np.float32) / 255
    else:
        mask = np.zeros((height, width), np.float32)
        for i, row in enumerate(rows):
            at = (size_px // 4, int(size_px * 1.3 * (i + 1)))
            cv2.putText(mask, row, at, int(rng.integers(0, 8)), size_px / 30, 1.0, max(1, size_px // 14), cv2.LINE_AA)
    angle = 0.0 if rng.random() < 0.5 else rng.uniform(-90, 90)
    if angle:
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
        side = int(np.hypot(width, height))
        matrix[:, 2] += [(side - width) / 2, (side - height) / 2]
        mask = cv2.warpAffine(mask, matrix, (side, side), flags=cv2.INTER_LINEAR)
    return mask
