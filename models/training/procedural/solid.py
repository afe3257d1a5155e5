"""Rendering a body as if it were solid: inflated parts, lit from one side, with texture, highlight and contact shade."""

from __future__ import annotations

import cv2
import numpy as np

from .bodies import Part
from .canvas import blend, shape_mask
from .colour import Palette, skin_tone
from .noise import NoisePool, Rng
from .textures import texture


def part_normals(mask: np.ndarray, roundness: float) -> np.ndarray:
    """Normals [h, w, 3] of a part inflated to a pillow: height = sqrt(distance to the border), smoothed."""
    distance = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    thickest = max(float(distance.max()), 1.0)
    reach = np.clip(distance / (thickest * roundness), 0, 1)
    height = np.sqrt(1 - (1 - reach) ** 2) * thickest * roundness
    height = cv2.GaussianBlur(height, (0, 0), max(1.0, thickest * 0.12))
    dx, dy = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125)
    normals = np.stack([-dx, -dy, np.ones_like(dx)], -1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


class Material:
    """Colour, texture strength and gloss shared by the parts of one material number."""

    def __init__(self, rng: Rng, palette: Palette) -> None:
        self.colour = palette.pick(rng)
        self.second = palette.pick(rng)
        self.grain = float(np.exp(rng.uniform(np.log(0.01), np.log(0.3))))
        self.mottled = rng.random() < 0.3
        self.gloss = float(rng.exponential(0.2)) if rng.random() < 0.4 else 0.0
        self.sharpness = float(np.exp(rng.uniform(1.5, 4)))
        self.roundness = float(rng.uniform(0.3, 1.0))
        self.seed = int(rng.integers(2**31))


def paint_body(rng: Rng, canvas: np.ndarray, alpha: np.ndarray, pool: NoisePool, parts: list[Part], scale: float, at: np.ndarray,
               light: np.ndarray, palette: Palette, skin: bool = False) -> None:  # fmt: skip
    """Draw the parts onto canvas [h, w, 3], and their coverage into alpha [h, w], both in place.

    With `skin`, material 0 is skin and material 3 dark hair.
    """
    materials = [Material(rng, palette) for _ in range(4)]
    if skin:
        materials[0].colour, materials[0].mottled, materials[0].grain = skin_tone(rng), False, 0.02
        materials[3].colour = materials[3].colour * rng.uniform(0.1, 0.7)
    ambient = rng.uniform(0.35, 0.85)
    for outline, number in parts:
        found = shape_mask(outline * scale + at, canvas.shape)
        if found is None:
            continue
        mask, rows, cols = found
        material = materials[number % 4]
        local = np.random.default_rng(material.seed)
        grain = texture(local, pool, *mask.shape)
        colour = material.colour + (grain * material.grain)[..., None]
        if material.mottled:
            weight = np.clip(0.5 + texture(local, pool, *mask.shape), 0, 1)[..., None]
            colour = colour * (1 - weight) + material.second * weight
        normals = part_normals(mask, material.roundness)
        diffuse = np.clip(normals @ light, 0, 1)
        colour = colour * (ambient + (1.25 - ambient) * diffuse)[..., None]
        if material.gloss:
            half = light + (0, 0, 1)
            shine = np.clip(normals @ (half / np.linalg.norm(half)), 0, 1) ** material.sharpness
            colour = colour + (material.gloss * shine)[..., None]
        under = canvas[rows, cols]
        under *= 1 - 0.35 * cv2.GaussianBlur(mask, (0, 0), 2.5)[..., None] * (alpha[rows, cols] > 0.5)[..., None]
        blend(canvas, rows, cols, mask, np.clip(colour, 0, 1.2).astype(np.float32))
        region = alpha[rows, cols]
        np.maximum(region, mask, out=region)


def random_light(rng: Rng) -> np.ndarray:
    """A unit vector towards the light, mostly from above and in front."""
    vector = np.array([rng.normal(0, 0.6), -abs(rng.normal(0.5, 0.4)), 0.7])
    return (vector / np.linalg.norm(vector)).astype(np.float32)
