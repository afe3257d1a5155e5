import { fetchCluster } from "../api/mesh.ts";
import { usePoll } from "../state/use-poll.ts";
import { ErrorNote } from "../ui/error-note.tsx";
import { Batches } from "./batches.tsx";
import { DeadLetters } from "./dead-letters.tsx";
import { Devices } from "./devices.tsx";
import { Models } from "./models.tsx";
import { Queues } from "./queues.tsx";

/** The page of devices, models, queues, batches and dead letters. */
export function MeshPage() {
  const { value: cluster, error } = usePoll(fetchCluster, 2_000);
  return (
    <>
      <h1>Devices and models</h1>
      <ErrorNote error={error} />
      {cluster ? <Devices devices={cluster.devices} /> : null}
      <Models />
      {cluster ? <Queues queues={cluster.queues} /> : null}
      <Batches />
      <DeadLetters />
    </>
  );
}
