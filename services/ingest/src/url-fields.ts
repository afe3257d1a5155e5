import { field } from "@pixelmesh/config";

/** Settings of addresses that callers name: sources of pictures, and callbacks. Both are off by default. */
export const urlFields = {
  sourceHosts: field.list(
    "PIXELMESH_INGEST_SOURCE_HOSTS",
    "",
    "Hosts on the public Internet from which pictures are read (`source_url`), separated by commas: `images.example.com`, `*.example.com`, `*` for all, with a port where it is not the default one. Empty: none.",
  ),
  sourcePrivateHosts: field.list(
    "PIXELMESH_INGEST_SOURCE_PRIVATE_HOSTS",
    "",
    "Hosts of private networks from which pictures are read, such as an object store `minio:9000`. A risk: every caller of the mesh can read from them. Never name hosts that hold anything else than pictures for all callers.",
  ),
  sourceHttp: field.flag(
    "PIXELMESH_INGEST_SOURCE_HTTP",
    "false",
    "Whether pictures are also read over http, without encryption.",
  ),
  callbackHosts: field.list(
    "PIXELMESH_INGEST_CALLBACK_HOSTS",
    "",
    "Hosts on the public Internet that are called when jobs end (`callback_url`), in the form of PIXELMESH_INGEST_SOURCE_HOSTS. Empty: none.",
  ),
  callbackPrivateHosts: field.list(
    "PIXELMESH_INGEST_CALLBACK_PRIVATE_HOSTS",
    "",
    "Hosts of private networks that are called when jobs end. A risk: every caller of the mesh can make it send requests to them.",
  ),
  callbackHttp: field.flag(
    "PIXELMESH_INGEST_CALLBACK_HTTP",
    "false",
    "Whether callbacks are also made over http, without encryption.",
  ),
  callbackSecretsFile: field.text(
    "PIXELMESH_INGEST_CALLBACK_SECRETS_FILE",
    "",
    "File with the secrets that sign callbacks (Standard Webhooks), one a line: `whsec_…`, or `TENANT whsec_…` for one tenant. Two at a time may be valid. Required with callback hosts.",
  ),
  callbackRetryAfter: field.list(
    "PIXELMESH_INGEST_CALLBACK_RETRY_AFTER",
    "5s,5m,30m,2h,5h,10h,10h",
    "Pauses after the failed attempts of a callback; one more attempt than pauses is made. At most 20 pauses, of 6 days together.",
  ),
} as const;
