#!/usr/bin/env bash
# make check-training: the training scripts end to end on the CPU, with a tiny budget: photographs fetched, shards drawn, all networks trained for seconds,
# checkpoints exported, and the files imported by `pixelmesh models import`. Installs torch (2.5 GB) into .tools/training. What cannot be had is skipped,
# named loudly, and counted in the last line. Nothing that is trained here is of use.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD/models/training
tools=$PWD/.tools/training
python=$tools/venv/bin/python
check=check-training
. scripts/skips.sh
finish() {
  tell_skips
  exit 0
}

command -v python3 >/dev/null || { skip "everything: python3 is not here"; finish; }
mkdir -p "$tools"
if [ "$(cat "$tools/stamp" 2>/dev/null)" != "$(cksum <"$here/requirements.txt")" ]; then
  echo "check-training: installing torch and others into .tools/training (2.5 GB)"
  rm -rf "$tools/venv" "$tools/stamp"
  { python3 -m venv "$tools/venv" &&
    timeout 1800 "$python" -m pip install --quiet --disable-pip-version-check --no-input --only-binary=:all: -r "$here/requirements.txt"; } ||
    { skip "everything: the packages of models/training/requirements.txt cannot be installed"; finish; }
  cksum <"$here/requirements.txt" >"$tools/stamp"
fi
"$python" -m unittest discover -s "$here/tests"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$here"
photographs=(--photographs "$work/sr-data")
"$python" photographs.py --out "$work/sr-data" || { skip "photographs: the Debian packages cannot be downloaded"; photographs=(); }
teacher=(--teacher ../../../shared/data/models/u2netp.onnx)
[ -f "${teacher[1]}" ] || { skip "labels of u2netp: there is no ../shared/data/models/u2netp.onnx"; teacher=(); }
"$python" prepare_archive.py "${photographs[@]}" "${teacher[@]}" --out "$work/train-data.tar"
TINY=1 PYTHON=$python OUT=$work/out bash gpu_train.sh "$work/train-data.tar" 0.5

if [ ${#photographs[@]} -gt 0 ]; then
  "$python" sr_photo_train.py --start ../pixelmesh-sr-x4.onnx --data "$work/sr-data" --out "$work/photo" --minutes 0.1 --batch 2
  cp "$work/photo/last.pt" "$work/out/sr-photo-tuned-x4.pt"
else
  skip "training on compressed pictures: there are no photographs"
fi

mkdir "$work/models"
for name in sr-x4 sr-x2 sr-photo-x4 ${photographs:+sr-photo-tuned-x4}; do
  "$python" sr_export.py --checkpoint "$work/out/$name.pt" --out "$work/$name.onnx"
  ../../bin/pixelmesh models import "$work/$name.onnx" --task upscale --licence Apache-2.0 --models-dir "$work/models"
done
"$python" matte_export.py --checkpoint "$work/out/matte.pt" --out "$work/matte.onnx"
../../bin/pixelmesh models import "$work/matte.onnx" --task matte --family pixelmesh --licence Apache-2.0 --models-dir "$work/models"
finish
