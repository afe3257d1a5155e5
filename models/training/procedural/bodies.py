"""Bodies: salient objects as lists of overlapping parts, back to front, in units of about 1 around the origin.

A part is ([n, 2] outline, material number); parts of the same material share colour and texture. y points down.
"""

from __future__ import annotations

import numpy as np

from .noise import Rng
from .outlines import blob, ellipse, outline, polygon, ribbon

Part = tuple[np.ndarray, int]


def turn(points: np.ndarray, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return points @ np.array([[c, s], [-s, c]])


def limb(rng: Rng, start: np.ndarray, angle: float, length: float, thick: float) -> tuple[np.ndarray, np.ndarray]:
    """A bent tapering band from `start`; returns its outline and its far end."""
    t = np.linspace(0, 1, 14)
    heading = angle + np.cumsum(rng.normal(0, 0.12, 14)) + (t > rng.uniform(0.3, 0.7)) * rng.normal(0, 0.5)
    spine = start + np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1) * (length / 14), 0)
    half = thick * np.linspace(1, rng.uniform(0.3, 0.9), 14)[:, None]
    normal = np.stack([-np.sin(heading), np.cos(heading)], 1)
    cap = spine[-1] + half[-1] * 0.8 * np.array([np.cos(heading[-1]), np.sin(heading[-1])])
    return np.concatenate([spine + normal * half, cap[None], (spine - normal * half)[::-1]]), spine[-1]


def lump(rng: Rng) -> list[Part]:
    """One blob, box-like polygon or ellipse: stones, fruit, parcels."""
    parts = [((blob, polygon, ellipse, outline)[rng.integers(4)](rng), 0)]
    for _ in range(rng.poisson(0.7)):
        parts.append((outline(rng) * rng.uniform(0.1, 0.45) + rng.normal(0, 0.3, 2), int(rng.integers(0, 3))))
    return parts


def creature(rng: Rng) -> list[Part]:
    """A torso with legs, neck, head, ears and a tail, seen from the side."""
    length, deep = 1.0, rng.uniform(0.3, 0.6)
    torso = blob(rng, 4, 0.08) * (length, deep * 1.3)
    parts: list[Part] = []
    leg, thick = rng.uniform(0.2, 1.2), rng.uniform(0.05, 0.16)
    for x in (-0.65, -0.45, 0.45, 0.65):
        start = np.array([x * length, deep * 0.4])
        parts.append((limb(rng, start, np.pi / 2 + rng.normal(0, 0.25), leg, thick)[0], 0))
    parts.append((limb(rng, np.array([-0.9, -0.1]), np.pi + rng.normal(0, 0.9), rng.uniform(0.1, 1), 0.08)[0], 0))
    neck, end = limb(rng, np.array([0.7, -0.1]), rng.uniform(-1.3, 0.1), rng.uniform(0.2, 0.9), rng.uniform(0.12, 0.3))
    size = rng.uniform(0.2, 0.45)
    head = turn(ellipse(rng), rng.normal(0, 0.5)) * size + end
    for side in (-0.5, 0.5):
        parts.append((turn(ellipse(rng) * size * 0.5, rng.uniform(0, 3)) + end + (side * size, -0.8 * size), int(rng.integers(0, 2))))
    parts += [(torso, 0), (neck, 0), (head, int(rng.integers(0, 2)))]
    parts.append((ellipse(rng) * size * 0.12 + end + (0.3 * size, -0.1 * size), 3))
    if rng.random() < 0.4:
        parts.append((blob(rng) * 0.4 * (length, deep) + rng.normal(0, 0.2, 2), 2))
    return [(turn(p, tilt), m) for tilt in [rng.normal(0, 0.2)] for p, m in parts]


def person(rng: Rng) -> list[Part]:
    """Head, hair, neck, torso, arms and legs; often cut by the lower border when placed as a portrait."""
    wide, head = rng.uniform(0.3, 0.55), rng.uniform(0.2, 0.3)
    parts: list[Part] = []
    for side in (-1, 1):
        start = np.array([side * wide * 0.45, 0.65])
        parts.append((limb(rng, start, np.pi / 2 + rng.normal(0, 0.15), rng.uniform(0.7, 1.3), wide * 0.4)[0], 2))
    hair = blob(rng, 6, 0.1) * head * rng.uniform(1.1, 1.5) * (1, rng.uniform(1, 1.8)) + (0, -0.75)
    long_hair = rng.random() < 0.5
    if long_hair:
        parts.append((hair, 3))
    shoulders = np.array([[-wide, -0.25], [-0.3 * wide, -0.4], [0.3 * wide, -0.4], [wide, -0.25]])
    hips = np.array([[wide * rng.uniform(0.6, 1), 0.75], [-wide * rng.uniform(0.6, 1), 0.75]])
    parts.append((np.concatenate([shoulders, hips]), 1))
    for side in (-1, 1):
        arm, hand = limb(rng, np.array([side * wide * 0.9, -0.2]), np.pi / 2 + rng.normal(0, 0.6), rng.uniform(0.5, 1), wide * 0.22)
        parts += [(arm, int(rng.choice([0, 1], p=[0.3, 0.7]))), (ellipse(rng) * 0.1 + hand, 0)]
    parts.append((np.array([[-0.1, -0.6], [0.1, -0.6], [0.13, -0.3], [-0.13, -0.3]]), 0))
    t = np.linspace(0, 6.2, 40)
    face = turn(np.stack([0.8 * np.cos(t), np.sin(t)], 1) * head, rng.normal(0, 0.1))
    parts.append((face + (0, -0.75), 0))
    if not long_hair or rng.random() < 0.5:
        parts.append((blob(rng, 5, 0.1) * head * (1, 0.7) + (0, -0.75 - head * 0.75), 3))
    for side in (-1, 1):
        parts.append((ellipse(rng) * head * 0.12 + (side * head * 0.35, -0.78), 3))
    return parts


def vessel(rng: Rng) -> list[Part]:
    """A mirrored profile: bottles, vases, lamps, bells; bands across it and sometimes a handle."""
    n = 16
    y = np.linspace(-1, 1, n)
    x = np.abs(rng.uniform(0.2, 0.6) + np.cumsum(rng.normal(0, 0.12, n))) + 0.06
    x = np.convolve(np.pad(x, 2, mode="edge"), np.ones(5) / 5, "valid")
    body = np.concatenate([np.stack([x, y], 1), np.stack([-x, y], 1)[::-1]])
    parts: list[Part] = []
    if rng.random() < 0.4:
        t = np.linspace(-1.7, 1.7, 20)
        big, small = 0.5, rng.uniform(0.3, 0.42)
        arc = np.concatenate([np.stack([np.cos(t), np.sin(t)], 1) * big, np.stack([np.cos(t), np.sin(t)], 1)[::-1] * small])
        parts.append((arc + (x[n // 2], 0), 0))
    parts.append((body, 0))
    if rng.random() < 0.6:
        a, b = np.sort(rng.integers(0, n, 2))
        if b > a:
            parts.append((np.concatenate([np.stack([x, y], 1)[a : b + 1], np.stack([-x, y], 1)[a : b + 1][::-1]]), 1))
    return [(turn(p, tilt), m) for tilt in [rng.normal(0, 0.25)] for p, m in parts]


def plant(rng: Rng) -> list[Part]:
    """Petals around a centre, with or without a stalk and leaves."""
    parts: list[Part] = []
    if rng.random() < 0.7:
        stalk, _ = limb(rng, np.zeros(2), np.pi / 2 + rng.normal(0, 0.2), rng.uniform(0.8, 1.6), rng.uniform(0.03, 0.08))
        parts.append((stalk, 2))
        for _ in range(rng.integers(0, 4)):
            leaf = turn(ellipse(rng) * (0.4, 0.2) + (0.35, 0), rng.uniform(0, 6.3))
            parts.append((leaf + (0, rng.uniform(0.3, 1.2)), 2))
    count, aspect = int(rng.integers(4, 14)), rng.uniform(0.15, 0.5)
    for i in range(count):
        petal = blob(rng, 3, 0.1) * (0.45, aspect) + (0.5, 0)
        parts.append((turn(petal, i * 2 * np.pi / count + rng.normal(0, 0.1)) * rng.uniform(0.8, 1), 0))
    parts.append((ellipse(rng) * rng.uniform(0.1, 0.35), 1))
    return parts


def gadget(rng: Rng) -> list[Part]:
    """A few polygons, bars and rings stuck together: tools, furniture, toys, vehicles."""
    parts: list[Part] = []
    at = np.zeros(2)
    for _ in range(rng.integers(2, 7)):
        piece = (polygon(rng), ribbon(rng, 0.4), ellipse(rng), outline(rng))[rng.integers(4)]
        parts.append((turn(piece, rng.choice([0, np.pi / 2, rng.uniform(0, 6.3)])) * rng.uniform(0.25, 0.8) + at, int(rng.integers(0, 3))))
        at = at + rng.normal(0, 0.45, 2)
    return parts


KINDS = (lump, creature, person, vessel, plant, gadget)
WEIGHTS = np.array([0.22, 0.22, 0.22, 0.1, 0.1, 0.14])


def body(rng: Rng) -> tuple[list[Part], str]:
    """A random body, mirrored half of the time, scaled to fit -1..1; and the name of its kind."""
    kind = KINDS[rng.choice(len(KINDS), p=WEIGHTS)]
    parts = kind(rng)
    points = np.concatenate([p for p, _ in parts])
    low, high = points.min(0), points.max(0)
    flip = np.array([rng.choice([-1, 1]), 1])
    scale = 2 / (high - low).max()
    return [((p - (low + high) / 2) * scale * flip, m) for p, m in parts], kind.__name__
