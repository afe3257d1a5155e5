#!/usr/bin/env bash
# Calls a mesh over HTTP through its gateway, with curl alone.
#
#     curl.sh photo.jpg OUT_DIR
set -euo pipefail
picture=$1 out=$2
base=${PIXELMESH_GATEWAY:-http://127.0.0.1:7480}
mkdir -p "$out"
# A failure is a problem document (RFC 9457) with the reason; curl ends with 22.
api() { curl --silent --show-error --fail-with-body --max-time 120 "$@"; }

# One picture in one call: the answer is the result, if it is there within the wait.
api --data-binary "@$picture" -H 'Content-Type: image/jpeg' -o "$out/inverted.png" \
  "$base/v1/images/effects?effect=invert&format=png&wait=60s"

# A job: its address comes at once, its events tell its progress, its outputs have addresses of their own.
job=$(api --data-binary "@$picture" -H 'Content-Type: image/jpeg' -H "Idempotency-Key: curl-$$-$RANDOM" -D - -o /dev/null \
  "$base/v1/jobs?max_side=200&effect=dither:levels=4&format=webp" | tr -d '\r' | sed -n 's/^[Ll]ocation: *//p')
echo "job $job"
api "$base$job/events" | sed -n '/^event: end/p'
api -o "$out/dithered.webp" "$base$job/outputs/result"
ls "$out"
