"""Makes shop pictures of photos: cuts the object out, puts it before white, and a dithered variant beside it.

    python product_photos.py OUT_DIR photo.jpg more.jpg

One photo is one job with its progress; several are a batch. PIXELMESH_ADDRESS and PIXELMESH_API_TOKEN name the mesh.
"""

from __future__ import annotations

import os
import sys

from pixelmesh import BatchResult, Pipeline, PixelmeshError, connect

LOOKS = (
    Pipeline()
    .prescale(max_side_px=1024)
    .remove_background(feather_px=1)
    .variant("dithered", lambda cut: cut.effect("dither", levels=4), "webp", lossless=True)
    .replace_background("#ffffff")
    .output("shop", "jpeg", quality=90)
)


def main() -> int:
    if len(sys.argv) < 3:
        print("Expected a folder and photos, as in: python product_photos.py out photo.jpg", file=sys.stderr)
        return 2
    folder, *photos = sys.argv[1:]
    address = os.environ.get("PIXELMESH_ADDRESS", "127.0.0.1:7400")

    def keep(result: BatchResult) -> None:
        if result.finished is None:
            print(f"{result.name}: {result.error}", file=sys.stderr)
            return
        for path in result.finished.save_outputs(folder):
            print(path)

    try:
        with connect(address, token=os.environ.get("PIXELMESH_API_TOKEN")) as mesh:
            if len(photos) > 1:
                return 1 if mesh.run_batch(LOOKS, photos, keep).jobs_failed else 0
            finished = mesh.run(LOOKS, photos[0], on_progress=lambda job: print(f"{job.progress:.0%}", file=sys.stderr))
            for path in finished.save_outputs(folder):
                print(path)
            return 0
    except PixelmeshError as error:
        print(f"{error}{' (try again later)' if error.is_retryable else ''}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
