import { toShortTime } from "@pixelmesh/short-text";
import type { Queue } from "../api/types.ts";
import { DataTable } from "../ui/data-table.tsx";

/** The queues of the mesh. */
export function Queues({ queues }: { readonly queues: readonly Queue[] }) {
  return (
    <section aria-labelledby="queues">
      <h2 id="queues">Queues</h2>
      <DataTable
        caption="Queues"
        columns={["Queue", "Waiting", "Running", "Oldest waits"]}
        rows={queues.map(({ name, waiting, running, oldestWaitMs }) => ({
          key: name,
          cells: [name, waiting, running, waiting > 0 ? toShortTime(oldestWaitMs) : "–"],
        }))}
      />
    </section>
  );
}
