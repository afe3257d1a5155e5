"""Random closed outlines, as [n, 2] float arrays of points around the origin with a radius of about 1."""

from __future__ import annotations

import numpy as np

from .noise import Rng


def ellipse(rng: Rng) -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    return np.stack([np.cos(t), np.sin(t) * rng.uniform(0.25, 1)], 1)


def blob(rng: Rng, waves: int = 7, roughness: float | None = None) -> np.ndarray:
    """A star-shaped curve: radius 1 plus a few harmonics with falling amplitude."""
    t = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    rough = rng.uniform(0.05, 0.5) if roughness is None else roughness
    k = np.arange(2, 2 + waves)
    amplitude = rng.normal(0, rough, waves) / (k - 1) ** 0.8
    radius = 1 + (amplitude[:, None] * np.cos(k[:, None] * t + rng.uniform(0, 6.3, (waves, 1)))).sum(0)
    radius = np.maximum(radius, 0.15)
    return np.stack([np.cos(t) * radius, np.sin(t) * radius * rng.uniform(0.4, 1)], 1)


def polygon(rng: Rng) -> np.ndarray:
    """Three to nine corners at jittered angles and radii."""
    n = int(rng.integers(3, 10))
    t = np.sort((np.arange(n) + rng.uniform(-0.35, 0.35, n)) * (2 * np.pi / n))
    return np.stack([np.cos(t), np.sin(t)], 1) * rng.uniform(0.5, 1, (n, 1))


def box(rng: Rng) -> np.ndarray:
    ratio = rng.uniform(0.15, 1)
    return np.array([[-1, -ratio], [1, -ratio], [1, ratio], [-1, ratio]])


def star(rng: Rng) -> np.ndarray:
    n = int(rng.integers(4, 12))
    t = np.arange(2 * n) * (np.pi / n)
    radius = np.where(np.arange(2 * n) % 2, rng.uniform(0.2, 0.8), 1.0)
    return np.stack([np.cos(t), np.sin(t)], 1) * radius[:, None]


def ribbon(rng: Rng, bend: float = 1.5) -> np.ndarray:
    """A bent, tapering band: stalks, limbs, wires, feathers."""
    n = 24
    heading = np.cumsum(rng.normal(0, 1, n)) * bend / n + np.linspace(0, rng.normal(0, bend), n)
    spine = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1), 0) * (2 / n)
    spine -= spine.mean(0)
    ends = rng.uniform(0.02, 0.25, 2)
    half = np.linspace(ends[0], ends[1], n)[:, None] * (1 + 0.5 * np.sin(np.linspace(0, np.pi, n))[:, None])
    normal = np.stack([-np.sin(heading), np.cos(heading)], 1)
    return np.concatenate([spine + normal * half, (spine - normal * half)[::-1]])


KINDS = (ellipse, blob, polygon, box, star, ribbon)
WEIGHTS = np.array([0.16, 0.32, 0.18, 0.10, 0.06, 0.18])


def outline(rng: Rng) -> np.ndarray:
    """A random outline, turned by a random angle."""
    points = KINDS[rng.choice(len(KINDS), p=WEIGHTS)](rng)
    angle = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(angle), np.sin(angle)
    return points @ np.array([[c, -s], [s, c]])
