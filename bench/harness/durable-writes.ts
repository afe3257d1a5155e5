import type { MeshProcess } from "@pixelmesh/local-mesh";

/** Returns the durable writes for jobs that each process has made since its start, from its metrics page. */
export async function readWrites(processes: readonly MeshProcess[]): Promise<Record<string, number>> {
  const counts = processes.map(async ({ name, metrics }) => {
    const page = await (await fetch(metrics)).text();
    const lines = page.matchAll(/^pixelmesh_durable_writes_total\{what="\S+ (\S+)"\} (\d+)$/gm);
    const sum = [...lines].reduce((all, [, target = "", count]) => all + (isOfJobs(target) ? Number(count) : 0), 0);
    return [name, sum] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

/** Whether a stream or bucket belongs to jobs. Leases, announcements and memory profiles do not. */
function isOfJobs(target: string): boolean {
  return !["leases", "services", "profiles"].includes(target);
}
