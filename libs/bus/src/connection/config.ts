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
  natsStoreMaxBytes: field.byteSize(
    "PIXELMESH_NATS_STORE_MAX",
    "4GiB",
    "Disk that all streams and buckets may take together; at most the broker's max_file_store. The bounds below are lowered in proportion where they do not fit.",
    { min: 64 * KiB * KiB },
  ),
  natsJobsMaxBytes: field.byteSize(
    "PIXELMESH_NATS_JOBS_MAX",
    "1800MiB",
    "Bound of the stored jobs, about 1.3 KiB for each of one step. From 80 % of it on the oldest finished ones are removed; half as much again, at least 512 KiB, is reserved for the ends of running jobs.",
    { min: 64 * KiB },
  ),
  natsRequestsMaxBytes: field.byteSize(
    "PIXELMESH_NATS_REQUESTS_MAX",
    "128MiB",
    "Bound of the stored request ids, about 0.3 KiB each.",
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
    "Bound of the log of job events, about 1.4 KiB for each job of one step; the oldest give way.",
    { min: 64 * KiB },
  ),
  natsTlsCaFile: field.text(
    natsVariables.ca,
    "",
    "File with the CAs that the NATS server is trusted by (PEM). With it, or a certificate, nothing is said in plaintext.",
  ),
  natsTlsCertFile: field.text(natsVariables.cert, "", "File with the certificate that NATS is shown (PEM)."),
  natsTlsKeyFile: field.text(natsVariables.key, "", "File with the key to that certificate (PEM)."),
  natsCredsFile: field.text(natsVariables.creds, "", "File with NATS credentials: a user's JWT and seed. Empty: none."),
  ackWaitMs: field.duration(
    "PIXELMESH_NATS_ACK_WAIT",
    "30s",
    "How long a worker may be silent before its work is given to another.",
    {
      min: 1_000,
      max: 600_000,
    },
  ),
} as const;
