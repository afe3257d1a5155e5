"""Run an ncnn model by ncnn itself (the package `ncnn`): an implementation that shares nothing with the converter."""

from __future__ import annotations

from pathlib import Path

import ncnn
import numpy as np


def run_ncnn(param: Path, picture: np.ndarray, output: str = "output") -> np.ndarray:
    """float32 [3, h, w] RGB 0..1 → [3, scale·h, scale·w], computed in float32 on one thread."""
    net = ncnn.Net()
    options = net.opt
    options.use_vulkan_compute = options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
    options.use_bf16_storage = False
    options.num_threads = 1
    if net.load_param(str(param)) or net.load_model(str(param.with_suffix(".bin"))):
        raise RuntimeError(f"ncnn does not load {param}")
    # ncnn does not copy the array, so it must outlive the run.
    source = np.ascontiguousarray(picture)
    extractor = net.create_extractor()
    extractor.input("data", ncnn.Mat(source))
    code, result = extractor.extract(output)
    if code:
        raise RuntimeError(f"ncnn does not run {param}: {code}")
    return np.array(result)
