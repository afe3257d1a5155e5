"""The matte's encoder–decoder: plain 3×3 residual blocks where pixels are many, inverted bottlenecks where they are few.

Input [n, 3, s, s] with s a multiple of 32, RGB 0..1 (normalised inside); output [n, 1, s, s] logits. BatchNorm folds into the
convolutions at export.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, groups: int = 1, dilation: int = 1) -> nn.Sequential:
    """Convolution, BatchNorm, ReLU."""
    pad = dilation * (kernel // 2)
    layer = nn.Conv2d(inputs, outputs, kernel, stride, pad, dilation=dilation, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """x + two 3×3 convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(width, width), nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.body(x))


class Bottleneck(nn.Module):
    """x + (1×1 up, depthwise 5×5, 1×1 down) with a gate computed from the mean of the whole picture."""

    def __init__(self, width: int, expand: int = 3, dilation: int = 1) -> None:
        super().__init__()
        inner = width * expand
        self.up = nn.Sequential(conv(width, inner, 1), conv(inner, inner, 5, groups=inner, dilation=dilation))
        self.gate = nn.Sequential(nn.Conv2d(inner, width // 4, 1), nn.ReLU(), nn.Conv2d(width // 4, inner, 1), nn.Hardsigmoid())
        self.down = nn.Sequential(nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        y = self.up(x)
        return x + self.down(y * self.gate(y.mean((2, 3), keepdim=True)))


class Join(nn.Module):
    """Upsample the coarse map bilinearly, add the projected fine map, mix."""

    def __init__(self, coarse: int, fine: int, width: int) -> None:
        super().__init__()
        self.coarse, self.fine = conv(coarse, width, 1), conv(fine, width, 1)
        self.mix = nn.Sequential(conv(width, width), conv(width, width))

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        raised = F.interpolate(self.coarse(coarse), scale_factor=2, mode="bilinear", align_corners=False)
        return self.mix(raised + self.fine(fine))


class MatteNetwork(nn.Module):
    """0.7 M parameters; see the module's docstring for shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.stem = conv(3, 16, 3, 2)
        self.quarter = nn.Sequential(conv(16, 24, 3, 2), Residual(24))
        self.eighth = nn.Sequential(conv(24, 48, 3, 2), Residual(48), Residual(48))
        self.sixteenth = nn.Sequential(conv(48, 80, 3, 2), *(Bottleneck(80) for _ in range(3)))
        self.deep = nn.Sequential(conv(80, 96, 3, 2), *(Bottleneck(96) for _ in range(3)), conv(96, 96, 1))
        self.join16, self.join8 = Join(96, 80, 48), Join(48, 48, 40)
        self.join4, self.join2 = Join(40, 24, 24), Join(24, 16, 12)
        self.last = nn.Conv2d(12, 1, 3, padding=1)
        self.coarse_last = nn.Conv2d(48, 1, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits at full size [n, 1, s, s] and, for training, at 1/16 [n, 1, s/16, s/16]."""
        half = self.stem((x - self.mean) / self.std)
        quarter = self.quarter(half)
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        rough = self.join16(self.deep(sixteenth), sixteenth)
        fine = self.join2(self.join4(self.join8(rough, eighth), quarter), half)
        full = F.interpolate(self.last(fine), scale_factor=2, mode="bilinear", align_corners=False)
        return full, self.coarse_last(rough)


class MatteForUse(nn.Module):
    """RGB 0..1 [1, 3, s, s] in, alpha 0..1 [1, 1, s, s] out: what is exported.

    Looks at the picture and its mirror image at several sizes and averages the logits; the copies share their weights.
    """

    def __init__(self, network: MatteNetwork, sides: tuple[int, ...]) -> None:
        super().__init__()
        self.network = fold_norms(network.eval())
        self.sides = sides

    def forward(self, x: Tensor) -> Tensor:
        size = tuple(x.shape[-2:])
        both = torch.cat([x, x.flip(3)])
        total = torch.zeros(1)
        for side in self.sides:
            seen = both if side == size[0] else F.interpolate(both, (side, side), mode="bilinear", align_corners=False)
            logits = self.network(seen)[0]
            total = total + (logits if side == size[0] else F.interpolate(logits, size, mode="bilinear", align_corners=False))
        mirrored = total[1:].flip(3)
        return torch.sigmoid((total[:1] + mirrored) / (2 * len(self.sides)))


def fold_norms(module: nn.Module) -> nn.Module:
    """Fold every BatchNorm into the convolution before it, in place, so that repeated uses share one set of weights."""
    for child in module.children():
        fold_norms(child)
    if isinstance(module, nn.Sequential):
        for i in range(len(module) - 1):
            if isinstance(module[i], nn.Conv2d) and isinstance(module[i + 1], nn.BatchNorm2d):
                module[i], module[i + 1] = fuse_conv_bn_eval(module[i], module[i + 1]), nn.Identity()
    return module
