import { type Bus, listServices } from "@pixelmesh/bus";

/**
 * Counts the runs that the processes of a service have ended, of any outcome. Those of processes that are gone are not counted. A worker counts
 * a run a moment after its job has ended, so poll it.
 */
export function countRuns(bus: Bus, service: string): Promise<number> {
  return sumOf(bus, service, /^pixelmesh_step_duration_seconds_count\{.*\} (\d+)$/gm);
}

/** Counts the jobs whose end the replicas of ingest have counted, by outcome such as `succeeded`. */
export function countEnds(bus: Bus, outcome: string): Promise<number> {
  return sumOf(bus, "ingest", new RegExp(`^pixelmesh_jobs_finished_total\\{.*outcome="${outcome}".*\\} (\\d+)$`, "gm"));
}

async function sumOf(bus: Bus, wanted: string, line: RegExp): Promise<number> {
  const services = (await listServices(bus)).filter(({ service }) => service === wanted);
  const pages = await Promise.all(services.map(({ metricsUrl }) => readPage(metricsUrl)));
  return pages.flatMap((page) => [...page.matchAll(line)]).reduce((sum, [, count]) => sum + Number(count), 0);
}

/** A process that is gone is announced for some seconds more. */
async function readPage(url: string): Promise<string> {
  try {
    return await (await fetch(url)).text();
  } catch {
    return "";
  }
}
