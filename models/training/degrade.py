"""Make photographs bad as cameras and websites do: blur, reduction, noise, JPEG. All on tensors [n, 3, h, w] of RGB 0..1, on their device.

The order follows the first-order degradation of Real-ESRGAN (Wang et al. 2021). JPEG is ITU-T T.81 with the tables of its annex K and the
quality factor of libjpeg; chroma is halved (4:2:0).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from sr_batches import downscale

LUMA_TABLE = torch.tensor([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
], dtype=torch.float32).view(8, 8)  # fmt: skip
CHROMA_TABLE = torch.full((8, 8), 99.0)
CHROMA_TABLE[:4, :4] = torch.tensor([[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]])
# JFIF: full-range BT.601.
TO_YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])


def dct_matrix() -> Tensor:
    """The orthonormal DCT-II of 8 samples."""
    k, n = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    matrix = torch.cos(math.pi * (2 * n + 1) * k / 16) * 0.5
    matrix[0] *= 1 / math.sqrt(2)
    return matrix


def quantise(plane: Tensor, table: Tensor, quality: Tensor) -> Tensor:
    """Encodes and decodes planes [n, h, w] of −128..127 with a table [8, 8] at the qualities [n]; h and w are multiples of 8."""
    factor = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality).view(-1, 1, 1)
    steps = ((table.to(plane.device) * factor + 50) / 100).floor().clamp(1, 255).view(-1, 1, 1, 8, 8)
    matrix = dct_matrix().to(plane.device)
    n, h, w = plane.shape
    blocks = plane.view(n, h // 8, 8, w // 8, 8).transpose(2, 3)
    blocks = matrix.T @ ((matrix @ blocks @ matrix.T / steps).round() * steps) @ matrix
    return blocks.transpose(2, 3).reshape(n, h, w)


def jpeg(pictures: Tensor, quality: Tensor) -> Tensor:
    """Pictures after a JPEG file of the qualities [n], 1 to 100, with 4:2:0. Sides of any length: borders are repeated up to whole blocks."""
    n, _, height, width = pictures.shape
    padded = F.pad(pictures, (0, -width % 16, 0, -height % 16), mode="replicate") * 255
    matrix = TO_YCC.to(pictures.device)
    ycc = torch.einsum("oc,nchw->nohw", matrix, padded)
    luma = quantise(ycc[:, 0] - 128, LUMA_TABLE, quality) + 128
    small = F.avg_pool2d(ycc[:, 1:], 2).flatten(0, 1)
    chroma = quantise(small, CHROMA_TABLE, quality.repeat_interleave(2)).unflatten(0, (n, 2))
    large = F.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False)
    back = torch.linalg.inv(matrix)
    rgb = torch.einsum("co,nohw->nchw", back, torch.cat([luma[:, None], large], 1))
    return rgb.round().clamp(0, 255)[..., :height, :width] / 255


def blur(pictures: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian blur of each picture by its own deviations [n, 2] in px, across and along."""
    at = torch.arange(-10, 11, device=pictures.device).float()
    kernels = torch.exp(-(at**2) / (2 * sigma[..., None] ** 2))
    kernels = kernels / kernels.sum(-1, keepdim=True)
    n, c, h, w = pictures.shape
    flat = F.pad(pictures.reshape(1, n * c, h, w), (10, 10, 10, 10), mode="replicate")
    rows, columns = (kernels[:, axis].repeat_interleave(c, 0) for axis in (0, 1))
    flat = F.conv2d(flat, columns.view(n * c, 1, 21, 1), groups=n * c)
    return F.conv2d(flat, rows.view(n * c, 1, 1, 21), groups=n * c).view(n, c, h, w)


def degrade(target: Tensor, scale: int) -> Tensor:
    """Pictures as a website may have them: blurred (or not), reduced by the scale in one of three ways, with noise, stored as JPEG of quality 30 to 95."""
    n, device = len(target), target.device
    draw = lambda low, high, *shape: torch.rand(n, *shape, device=device) * (high - low) + low  # noqa: E731
    sharp = (torch.rand(n, device=device) < 0.3).view(-1, 1)
    soft = blur(target, torch.where(sharp, torch.full((n, 2), 0.05, device=device), draw(0.2, 0.7 * scale, 2)))
    small = reduce(soft, scale)
    strength = draw(0.0, 0.06, 1, 1, 1) * (torch.rand(n, 1, 1, 1, device=device) < 0.6)
    grey = torch.rand(n, 1, 1, 1, device=device) < 0.4
    noise = torch.randn_like(small)
    noisy = (small + strength * torch.where(grey, noise[:, :1], noise)).clamp(0, 1)
    stored = jpeg(noisy, draw(30, 95))
    kept = torch.rand(n, 1, 1, 1, device=device) < 0.1
    return torch.where(kept, (noisy * 255).round() / 255, stored)


def reduce(pictures: Tensor, scale: int) -> Tensor:
    """Reduces all by one of area, bilinear and MATLAB's bicubic, at random."""
    way = int(torch.randint(3, ()))
    if way == 0:
        return F.avg_pool2d(pictures, scale)
    if way == 1:
        return F.interpolate(pictures, scale_factor=1 / scale, mode="bilinear", antialias=True)
    return downscale(pictures, scale)
