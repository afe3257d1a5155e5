"""A straight Pillow script for effects of the same class as ours.

Reads a JSON line for each piece of work, {"path": …, "quality": 85}, and writes one when it is done. It decodes the picture once, applies four
effects side by side on two threads and encodes each as JPEG.
"""

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageChops, ImageFilter, ImageOps

INKS = ["#1b1035", "#d4145a", "#f7931e", "#ffe45c"]


def rgb(text):
    return tuple(int(text[at : at + 2], 16) for at in (1, 3, 5))


def black_and_white(picture):
    """Grey with more contrast."""
    table = [min(255, max(0, round((value - 128) * 1.2 + 128))) for value in range(256)]
    return ImageOps.grayscale(picture).point(table)


def pop_art(picture):
    """Four inks by lightness, with halftone dots between them and dark outlines."""
    grey = ImageOps.grayscale(picture)
    cell = Image.radial_gradient("L").resize((8, 8))
    dots = Image.new("L", grey.size)
    row = Image.new("L", (grey.width, 8))
    for x in range(0, grey.width, 8):
        row.paste(cell, (x, 0))
    for y in range(0, grey.height, 8):
        dots.paste(row, (0, y))
    screened = ImageChops.add(grey, dots, scale=1, offset=-128)
    indices = screened.point([value * len(INKS) // 256 for value in range(256)])
    flat = Image.frombytes("P", grey.size, indices.tobytes())
    flat.putpalette([part for ink in INKS for part in rgb(ink)])
    edges = grey.filter(ImageFilter.FIND_EDGES).point([255 - min(255, value * 2) for value in range(256)])
    return ImageChops.multiply(flat.convert("RGB"), Image.merge("RGB", (edges, edges, edges)))


def retro_8bit(picture):
    """Coarse pixels in a palette of 54 colours."""
    small = picture.reduce(6).quantize(54, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.FLOYDSTEINBERG)
    return small.convert("RGB").resize(picture.size, Image.Resampling.NEAREST)


def dither(picture):
    """Two tones by Floyd and Steinberg."""
    return ImageOps.grayscale(picture).convert("1").convert("L")


EFFECTS = [black_and_white, pop_art, retro_8bit, dither]


def run(request, pool):
    picture = Image.open(request["path"]).convert("RGB")

    def apply(effect):
        out = io.BytesIO()
        effect(picture).save(out, "JPEG", quality=request["quality"])
        return out.tell()

    return {"bytes": sum(pool.map(apply, EFFECTS))}


def main():
    with ThreadPoolExecutor(2) as pool:
        for line in sys.stdin:
            try:
                answer = run(json.loads(line), pool)
            except Exception as error:  # The bench reports it and leaves this side out.
                answer = {"error": repr(error)}
            print(json.dumps(answer), flush=True)


main()
