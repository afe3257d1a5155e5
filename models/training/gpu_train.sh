#!/usr/bin/env bash
# gpu_train.sh ARCHIVE [MINUTES]: one training run on a machine with one GPU, at most 10 minutes, nothing fetched. ARCHIVE is what prepare_archive.py wrote.
# Checkpoints and the log go to $OUT. TINY=1 runs everything for a minute on a CPU, to prove that it works.
set -euo pipefail
cd "$(dirname "$0")"
archive=${1:?Expected the archive of prepare_archive.py, as in: gpu_train.sh train-data.tar}
minutes=${2:-9}
out=${OUT:?Expected OUT to name the folder for checkpoints}
python=${PYTHON:-python3}
"$python" - <<'PY'
import importlib.util, sys
missing = [name for name in ("torch", "numpy", "cv2", "onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
if missing:
    sys.exit(f"gpu_train: Python lacks {', '.join(missing)}; see models/training/requirements.txt")
PY
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
tar -xf "$archive" -C "$data"
"$python" unpack_archive.py --data "$data"
flags=(--data "$data" --out "$out" --minutes "$minutes")
[ ! -f "$data/u2netp.onnx" ] || flags+=(--teacher "$data/u2netp.onnx")
[ "${TINY:-}" != 1 ] || flags+=(--tiny)
# The limit is a guard: the program keeps to its minutes, but waits for the first shards, which takes long on busy cores.
guard=$([ "${TINY:-}" = 1 ] && echo 900 || echo 60)
timeout --signal=INT --kill-after=20 "$(awk "BEGIN { print int($minutes * 60 + $guard) }")" "$python" -u gpu_train.py "${flags[@]}"
[ ! -f "$data/credits.md" ] || cp "$data/credits.md" "$out/"
ls -l "$out"
