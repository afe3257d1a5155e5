import { field } from "@pixelmesh/config";

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
