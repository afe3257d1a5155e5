import { field } from "@pixelmesh/config";

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
