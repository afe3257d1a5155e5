import type { GetClusterResponse, Job } from "@pixelmesh/client";
import { toEnumWord } from "@pixelmesh/json-views";
import { WorkClass, Zone } from "@pixelmesh/proto";
import { fitStart } from "../format/display-width.ts";
import { toShortSize, toShortTime, toTable } from "../format/text.ts";
import { toProgressText } from "../run/picture-line.ts";
import { fitSections, type Section } from "./fit-sections.ts";
import type { MeshView } from "./view.ts";

/** The size of the screen in cells. */
export type FrameSize = { readonly columns: number; readonly rows: number };

const barCells = 16;

/** Renders one screen as at most `rows` lines, none wider than `columns`, without characters that move the cursor. */
export function renderTop(view: MeshView, { columns, rows }: FrameSize): string[] {
  const head = [toHeadLine(view), toCountLine(view)];
  const { cluster, jobs } = view;
  const sections = [toDevices(cluster), toQueues(cluster), toSlots(cluster), toJobs(jobs)];
  const lines = [...head, ...fitSections(sections, rows - head.length)];
  return lines.slice(0, rows).map((line) => fitStart(toPlain(line), columns));
}

function toHeadLine({ address, atUnixMs, cluster, stats }: MeshView): string {
  const time = new Date(atUnixMs).toISOString().slice(11, 19);
  const services = new Set(cluster.services.map(({ service }) => service)).size;
  return `pixelmesh ${address}  ${time}  up ${toShortTime(stats.uptimeMs)}  ${services} services, ${cluster.services.length} processes`;
}

function toCountLine({ stats, jobs }: MeshView): string {
  const { jobs: tally, hitRate, errorRate, jobLatency } = stats;
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  return [
    `jobs ${jobs.length} running, ${tally?.succeeded ?? 0} ok, ${tally?.failed ?? 0} failed, ${tally?.cancelled ?? 0} cancelled`,
    `cached ${percent(hitRate)}`,
    `errors ${percent(errorRate)}`,
    ...(jobLatency && jobLatency.count > 0 ? [`p95 ${toShortTime(jobLatency.p95Ms)}`] : []),
  ].join("  ");
}

function toDevices({ devices }: GetClusterResponse): Section {
  const rows = devices.map((it) => [
    it.name || it.deviceId,
    it.fresh ? toEnumWord(Zone, it.zone) : "not fresh",
    toBar(it.totalBytes > 0 ? it.observedBytes / it.totalBytes : 0),
    `${toShortSize(it.observedBytes)} of ${toShortSize(it.totalBytes)}`,
    toShortSize(it.committedBytes),
    `${it.tokensUsed} of ${it.tokensTotal}`,
  ]);
  return toSection("no device", ["DEVICE", "ZONE", "MEMORY", "", "COMMITTED", "COMPUTE"], rows);
}

function toQueues({ queues }: GetClusterResponse): Section {
  const busy = queues.filter(({ waiting, running }) => waiting > 0 || running > 0);
  const rows = busy.map((it) => [
    it.name,
    String(it.waiting),
    String(it.running),
    it.waiting > 0 && it.oldestWaitMs > 0 ? toShortTime(it.oldestWaitMs) : "",
  ]);
  return toSection("all queues are empty", ["QUEUE", "WAITING", "RUNNING", "OLDEST"], rows);
}

function toSlots({ slots }: GetClusterResponse): Section {
  const longest = slots.toSorted((a, b) => b.heldMs - a.heldMs);
  const rows = longest.map((it) => [
    it.service,
    toEnumWord(WorkClass, it.workClass),
    toShortSize(it.committedBytes),
    toShortTime(it.heldMs),
    it.jobId,
    it.stepId,
  ]);
  return toSection("no slot is held", ["SLOT", "CLASS", "MEMORY", "HELD", "JOB", "STEP"], rows);
}

function toJobs(jobs: readonly Job[]): Section {
  const rows = jobs.map((job) => [job.id, toBar(job.progress), toProgressText(job)]);
  return toSection("no job is running", ["JOB", "", "PROGRESS"], rows);
}

function toSection(empty: string, head: readonly string[], rows: readonly (readonly string[])[]): Section {
  if (rows.length === 0) return { head: empty, rows: [] };
  const [first = "", ...lines] = toTable([head, ...rows])
    .trimEnd()
    .split("\n");
  return { head: first, rows: lines };
}

function toBar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * barCells);
  return "#".repeat(full).padEnd(barCells, ".");
}

/** Names come from other programs: unprintable characters are escaped. */
function toPlain(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");
}
