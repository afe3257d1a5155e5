"""Write tiny checkpoints by torch.save and what torch's networks answer on one picture. Needs torch; the tests do not.

    python make_fixtures.py            # with the packages of models/training/requirements.txt

The two networks repeat the definitions that Real-ESRGAN and BasicSR publish (srvgg_arch.py, rrdbnet_arch.py), in plain torch.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

HERE = Path(__file__).parent / "fixtures"


class Srvgg(nn.Module):
    def __init__(self, features: int, layers: int, scale: int) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.Conv2d(3, features, 3, 1, 1), nn.PReLU(features)]
        for _ in range(layers):
            parts += [nn.Conv2d(features, features, 3, 1, 1), nn.PReLU(features)]
        self.body = nn.ModuleList([*parts, nn.Conv2d(features, 3 * scale * scale, 3, 1, 1)])
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for part in self.body:
            y = part(y)
        return F.pixel_shuffle(y, self.scale) + F.interpolate(x, scale_factor=self.scale, mode="nearest")


class DenseBlock(nn.Module):
    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        for i in range(1, 5):
            setattr(self, f"conv{i}", nn.Conv2d(features + (i - 1) * growth, growth, 3, 1, 1))
        self.conv5 = nn.Conv2d(features + 4 * growth, features, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat((seen, F.leaky_relu(conv(seen), 0.2)), 1)
        return self.conv5(seen) * 0.2 + x


class Rrdb(nn.Module):
    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(features, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class RrdbNet(nn.Module):
    def __init__(self, features: int, growth: int, blocks: int, scale: int) -> None:
        super().__init__()
        self.fold = 4 // scale
        self.conv_first = nn.Conv2d(3 * self.fold**2, features, 3, 1, 1)
        self.body = nn.Sequential(*(Rrdb(features, growth) for _ in range(blocks)))
        self.conv_body = nn.Conv2d(features, features, 3, 1, 1)
        self.conv_up1 = nn.Conv2d(features, features, 3, 1, 1)
        self.conv_up2 = nn.Conv2d(features, features, 3, 1, 1)
        self.conv_hr = nn.Conv2d(features, features, 3, 1, 1)
        self.conv_last = nn.Conv2d(features, 3, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.conv_first(F.pixel_unshuffle(x, self.fold))
        y = first + self.conv_body(self.body(first))
        y = F.leaky_relu(self.conv_up1(F.interpolate(y, scale_factor=2, mode="nearest")), 0.2)
        y = F.leaky_relu(self.conv_up2(F.interpolate(y, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(y), 0.2))


def old_names(tensors: dict[str, Tensor], blocks: int) -> dict[str, Tensor]:
    """The names of the first ESRGAN code for the same tensors."""
    places = {"conv_first": "model.0", "conv_body": f"model.1.sub.{blocks}", "conv_up1": "model.3", "conv_up2": "model.6", "conv_hr": "model.8", "conv_last": "model.10"}
    renamed = {}
    for key, tensor in tensors.items():
        name, kind = key.rsplit(".", 1)
        if name.startswith("body."):
            _, block, rdb, conv = name.split(".")
            place = f"model.1.sub.{block}.{rdb.upper()}.{conv}.0"
        else:
            place = places[name]
        renamed[f"{place}.{kind}"] = tensor
    return renamed


def write(name: str, network: nn.Module, saved: object) -> None:
    torch.save(saved, HERE / f"{name}.pth")
    x = torch.rand(1, 3, 8, 12)
    with torch.inference_mode():
        np.savez(HERE / f"{name}.npz", input=x.numpy(), output=network(x).numpy())
    print(name, (HERE / f"{name}.pth").stat().st_size)


def main() -> None:
    torch.manual_seed(3)
    HERE.mkdir(exist_ok=True)
    srvgg = Srvgg(6, 2, 4)
    write("srvgg-x4", srvgg, {"params": srvgg.state_dict()})
    for scale in (4, 2, 1):
        rrdb = RrdbNet(4, 2, 2 if scale == 4 else 1, scale)
        write(f"rrdb-x{scale}", rrdb, {"params": OrderedDict(wrong=torch.zeros(1)), "params_ema": rrdb.state_dict()})
    old = RrdbNet(4, 2, 1, 4)
    write("esrgan-x4", old, old_names(old.state_dict(), 1))
    half = Srvgg(6, 1, 2)
    half.load_state_dict({key: tensor.bfloat16().float() for key, tensor in half.state_dict().items()})
    write("bfloat16-x2", half, {key: tensor.bfloat16() for key, tensor in half.state_dict().items()})
    torch.save(srvgg, HERE / "whole-module.pth")
    torch.save({"params": srvgg.state_dict()}, HERE / "old-format.pth", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
