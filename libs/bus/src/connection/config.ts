import { field } from "@pixelmesh/config";

const KiB = 1024;

/** Variables of the broker connection's files. */
export const natsVariables = {
  ca: "PIXELMESH_NATS_TLS_CA_FILE",
  cert: "PIXELMESH_NATS_TLS_CERT_FILE",
  key: "PIXELMESH_NATS_TLS_KEY_FILE",
  creds: "PIXELMESH_NATS_CREDS_FILE",
} as const;

/** Settings of the broker connection, shared by every service. */
export const busFields = {
  natsUrl: field.text(
    "PIXELMESH_NATS_URL",
    "nats://127.0.0.1:4222",
    "Address of the NATS server or cluster, separated by commas.",
  ),
  natsReplicas: field.integer("PIXELMESH_NATS_REPLICAS", "1", "Copies of each stream and bucket; 3 in a cluster.", {
    min: 1,
    max: 5,
  }),
  natsOwner: field.text(
    "PIXELMESH_NATS_OWNER",
    "",
    "Name of this mesh, such as `namespace/release`. The first mesh records it in the NATS account; a mesh of another name is refused there. Empty: no check.",
  ),
  natsStoreMaxBytes: field.byteSize(
    "PIXELMESH_NATS_STORE_MAX",
    "4GiB",
    "Most disk space of all streams and buckets together; at most the broker's max_file_store. If the bounds below do not fit, all are lowered in proportion.",
    { min: 64 * KiB * KiB },
  ),
  natsJobsMaxBytes: field.byteSize(
    "PIXELMESH_NATS_JOBS_MAX",
    "1800MiB",
    "Bound of the stored jobs, about 1.3 KiB for a job of one step. Above 80 % the oldest finished jobs are evicted. Another half, at least 512 KiB, is reserved for running jobs to end.",
    { min: 64 * KiB },
  ),
  natsResultsMaxBytes: field.byteSize(
    "PIXELMESH_NATS_RESULTS_MAX",
    "256MiB",
    "Bound of the result cache's entries, about 0.4 KiB each.",
    { min: 64 * KiB },
  ),
  natsEventsMaxBytes: field.byteSize(
    "PIXELMESH_NATS_EVENTS_MAX",
    "128MiB",
    "Bound of the log of job events, about 1.4 KiB for a job of one step; the oldest events are evicted.",
    { min: 64 * KiB },
  ),
  natsBatchesMaxBytes: field.byteSize(
    "PIXELMESH_NATS_BATCHES_MAX",
    "192MiB",
    "Bound of the stored batches, about 0.15 KiB for each picture. Above 80 % the oldest finished batches are evicted. Another half, at least 512 KiB, is reserved for running batches to end.",
    { min: 64 * KiB },
  ),
  natsTlsCaFile: field.text(
    natsVariables.ca,
    "",
    "File with the CAs that the NATS server's certificate is checked against (PEM). With it, or a certificate, the connection must use TLS.",
  ),
  natsTlsCertFile: field.text(natsVariables.cert, "", "File with the client certificate for NATS (PEM)."),
  natsTlsKeyFile: field.text(natsVariables.key, "", "File with the key to that certificate (PEM)."),
  natsCredsFile: field.text(natsVariables.creds, "", "File with NATS credentials: a user's JWT and seed. Empty: none."),
  ackWaitMs: field.duration(
    "PIXELMESH_NATS_ACK_WAIT",
    "30s",
    "How long a worker may send no heartbeat before its work is redelivered to another.",
    {
      min: 1_000,
      max: 600_000,
    },
  ),
} as const;
