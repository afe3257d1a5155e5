import { type ConfigOf, field } from "@pixelmesh/config";
import { remoteRuleFields, workerFields } from "@pixelmesh/worker";

/** Settings of the remote service. */
export const remoteFields = {
  ...workerFields("remote"),
  ...remoteRuleFields,
  manifestPath: field.text(
    "PIXELMESH_REMOTE_MANIFEST",
    "",
    "File that lists hosted models and their providers. A local mesh starts the remote service only if it is set.",
  ),
  concurrency: field.integer(
    "PIXELMESH_REMOTE_CONCURRENCY",
    "32",
    "Most steps at once that hold their pictures: those that have a call of their provider. It bounds the memory of the process.",
    { min: 1, max: 1_024 },
  ),
  waitingPerLane: field.integer(
    "PIXELMESH_REMOTE_WAITING",
    "64",
    "Most steps in hand of one provider, work class, tenant and priority. They wait without their pictures; further ones wait in the queue.",
    { min: 1, max: 1_024 },
  ),
} as const;

/** Values of `remoteFields`. */
export type RemoteConfig = ConfigOf<typeof remoteFields>;
