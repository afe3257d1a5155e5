"""Pack what gpu_train.sh takes along: photographs as JPEG, their credits, and the teacher of the matte. At most 48 MiB.

    python photographs.py --out $WORK/sr-data
    python prepare_archive.py --photographs $WORK/sr-data --teacher ../../../shared/data/models/u2netp.onnx --out $WORK/train-data.tar
"""

from __future__ import annotations

import argparse
import io
import tarfile
from pathlib import Path

import cv2
import numpy as np

from photographs import SHARD

MAX_BYTES = 48 * 1024 * 1024
# Nearly lossless, and a tenth of the bytes of the pixels.
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 96, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Adds a file of these bytes, with neither times nor owners, so that equal inputs give equal archives."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=Path, help="folder that photographs.py wrote")
    parser.add_argument("--teacher", type=Path, help="u2netp.onnx (U²-Net, Apache-2.0)")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    with tarfile.open(args.out, "w") as archive:
        if args.photographs:
            for i, patch in enumerate(np.load(args.photographs / SHARD, mmap_mode="r")):
                encoded, content = cv2.imencode(".jpg", cv2.cvtColor(patch, cv2.COLOR_RGB2BGR), JPEG)
                assert encoded
                add(archive, f"photographs/{i:05d}.jpg", content.tobytes())
            add(archive, "credits.md", (args.photographs / "credits.md").read_bytes())
        if args.teacher:
            add(archive, "u2netp.onnx", args.teacher.read_bytes())
    size = args.out.stat().st_size
    if size > MAX_BYTES:
        args.out.unlink()
        raise SystemExit(f"Expected an archive of at most {MAX_BYTES} bytes, got {size}: give fewer photographs")
    print(f"{args.out}: {size} bytes")


if __name__ == "__main__":
    main()
