"""Turn the unpacked archive of prepare_archive.py into shards: `photographs/*.jpg` becomes sr/shard-900.npy."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from photographs import SHARD


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    paths = sorted((args.data / "photographs").glob("*.jpg"))
    (args.data / "sr").mkdir(exist_ok=True)
    if paths:
        np.save(args.data / "sr" / SHARD, np.stack([cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB) for path in paths]))
    print(f"{len(paths)} patches of photographs")


if __name__ == "__main__":
    main()
