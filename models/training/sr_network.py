"""The compact upscaler: 3×3 convolutions with PReLU, pixel shuffle, and a learned linear interpolation beside them.

Every convolution is trained re-parameterised in weight space (the idea of ECBSR, Zhang et al. 2021): its kernel is the
sum of a plain 3×3 kernel, a 1×1 → 3×3 pair, and 1×1 kernels times edge filters. Folding is a few small tensor
products, so training costs hardly more than the plain network and the exported graph contains the plain kernels alone.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resize import cubic

EDGES = torch.tensor([
    [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    [[0, 1, 0], [1, -4, 1], [0, 1, 0]],
], dtype=torch.float32)  # fmt: skip


class FoldedConv(nn.Module):
    """A 3×3 convolution [n, inputs, h, w] → [n, outputs, h, w] with an over-complete kernel."""

    def __init__(self, inputs: int, outputs: int, identity: bool) -> None:
        super().__init__()
        plain = nn.Conv2d(inputs, outputs, 3)
        self.plain, self.bias = plain.weight, plain.bias
        with torch.no_grad():
            self.plain.mul_(0.7)
            if identity:
                self.plain[:, :, 1, 1] += torch.eye(outputs)
        middle = 2 * outputs
        self.squeeze = nn.Parameter(torch.randn(middle, inputs) * (0.5 / inputs) ** 0.5)
        self.spread = nn.Parameter(torch.randn(outputs, middle, 3, 3) * 0.2 * (1 / (9 * middle)) ** 0.5)
        self.edge_mix = nn.Parameter(torch.randn(3, outputs, inputs) * (1 / inputs) ** 0.5)
        self.edge_gain = nn.Parameter(torch.randn(3, outputs) * 0.02)

    def kernel(self) -> Tensor:
        """The folded kernel [outputs, inputs, 3, 3]."""
        pair = torch.einsum("omyx,mi->oiyx", self.spread, self.squeeze)
        edges = torch.einsum("eo,eoi,eyx->oiyx", self.edge_gain, self.edge_mix, EDGES.to(self.plain.device))
        return self.plain + pair + edges

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.kernel().contiguous(memory_format=torch.channels_last), self.bias, padding=1)


def bicubic_kernel(scale: int) -> Tensor:
    """Bicubic interpolation by `scale` as a [3·scale², 3, 5, 5] kernel whose output is pixel-shuffled."""
    offsets = (np.arange(scale) + 0.5) / scale - 0.5
    taps = cubic(offsets[:, None] - np.arange(-2, 3))
    phases = torch.tensor(np.einsum("ay,bx->abyx", taps, taps).reshape(scale * scale, 5, 5), dtype=torch.float32)
    kernel = torch.zeros(3, scale * scale, 3, 5, 5)
    for channel in range(3):
        kernel[channel, :, channel] = phases
    return kernel.reshape(3 * scale * scale, 3, 5, 5)


class SrNetwork(nn.Module):
    """[n, 3, h, w] RGB 0..1 → [n, 3, scale·h, scale·w]; the receptive radius is layers + 2 input pixels."""

    def __init__(self, scale: int, features: int = 32, layers: int = 8) -> None:
        super().__init__()
        self.scale = scale
        self.head = FoldedConv(3, features, identity=False)
        self.body = nn.ModuleList(FoldedConv(features, features, identity=True) for _ in range(layers))
        self.tail = FoldedConv(features, 3 * scale * scale, identity=False)
        self.slopes = nn.ParameterList(nn.Parameter(torch.full((features,), 0.2)) for _ in range(layers + 1))
        self.interpolation = nn.Parameter(bicubic_kernel(scale))
        with torch.no_grad():
            for part in (self.tail.plain, self.tail.spread, self.tail.edge_gain, self.tail.bias):
                part.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        base = F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), self.interpolation)
        y = F.prelu(self.head(x), self.slopes[0])
        for conv, slope in zip(self.body, list(self.slopes)[1:]):
            y = F.prelu(conv(y), slope)
        return F.pixel_shuffle(base + self.tail(y), self.scale)


class PlainSr(nn.Module):
    """The same function with folded kernels and nothing else: what is exported."""

    def __init__(self, trained: SrNetwork) -> None:
        super().__init__()
        self.scale = trained.scale
        parts: list[nn.Module] = []
        for conv, slope in zip([trained.head, *trained.body], trained.slopes):
            parts += [_plain(conv), _prelu(slope)]
        self.trunk = nn.Sequential(*parts)
        self.tail = _plain(trained.tail)
        self.interpolation = nn.Conv2d(3, 3 * self.scale**2, 5, bias=False)
        self.interpolation.weight.data = trained.interpolation.data.clone()

    def forward(self, x: Tensor) -> Tensor:
        base = self.interpolation(F.pad(x, (2, 2, 2, 2), mode="replicate"))
        return F.pixel_shuffle(base + self.tail(self.trunk(x)), self.scale)


def _plain(conv: FoldedConv) -> nn.Conv2d:
    kernel = conv.kernel().detach()
    plain = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
    plain.weight.data, plain.bias.data = kernel.contiguous(), conv.bias.detach().clone()
    return plain


def _prelu(slope: Tensor) -> nn.PReLU:
    layer = nn.PReLU(slope.numel())
    layer.weight.data = slope.detach().clone()
    return layer
