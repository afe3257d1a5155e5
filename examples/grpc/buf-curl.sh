#!/usr/bin/env bash
# Calls a mesh by its gRPC contract without any client: reflection tells the messages, `buf curl` writes them as JSON. grpcurl takes the same
# messages: grpcurl -plaintext -d @ 127.0.0.1:7400 pixelmesh.jobs.v1.JobService/CreateJob <messages.json
#
#     buf-curl.sh photo.jpg out.png
set -euo pipefail
picture=$1 out=$2
base=http://${PIXELMESH_ADDRESS:-127.0.0.1:7400}
call() { buf curl --protocol grpc --http2-prior-knowledge "$base/$1" "${@:2}"; }

call pixelmesh.jobs.v1.JobService/ListEffects | sed -n 1,3p

# One JSON value for each message of the stream: header, upload, chunks of at most 4 MiB, end.
messages=$(mktemp)
trap 'rm -f "$messages"' EXIT
{
  printf '{"header":{"pipeline":{"steps":[{"id":"fit","prescale":{"maxSidePx":200}},{"id":"look","applyEffects":{"effects":[{"name":"invert"}]}}],'
  printf '"outputs":[{"name":"look","step":"look","encoding":{"format":"IMAGE_FORMAT_PNG"}}]},"requestId":"buf-curl-%s"}}\n' "$$-$RANDOM"
  printf '{"upload":{"name":"source"}}\n{"chunk":"%s"}\n{"end":{}}\n' "$(base64 <"$picture" | tr -d '\n')"
} >"$messages"
job=$(call pixelmesh.jobs.v1.JobService/CreateJob -d "@$messages" | awk -F'"' '/^ *"id":/ && !seen++ { print $4 }')
echo "job $job"

# Ends with the job's terminal state.
call pixelmesh.jobs.v1.JobService/WatchJob -d "{\"jobId\":\"$job\"}" | grep '"state": "JOB_STATE' | tail -n 1

call pixelmesh.jobs.v1.JobService/DownloadOutput -d "{\"jobId\":\"$job\",\"output\":\"look\"}" |
  sed -n 's/^ *"chunk": *"\([^"]*\)".*/\1/p' | while read -r chunk; do base64 -d <<<"$chunk"; done >"$out"
echo "$out"
