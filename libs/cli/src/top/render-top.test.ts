import { JobState } from "@pixelmesh/client";
import {
  DeviceKind,
  GetClusterResponse,
  Job,
  JobServiceGetStatsResponse,
  StepState,
  WorkClass,
  Zone,
} from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fitSections } from "./fit-sections.ts";
import { renderTop } from "./render-top.ts";
import type { MeshView } from "./view.ts";

const GiB = 2 ** 30;

const view: MeshView = {
  address: "127.0.0.1:7400",
  atUnixMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  cluster: GetClusterResponse.fromPartial({
    services: [{ service: "ingest", instance: "0" }, { service: "ingest", instance: "1" }, { service: "upscale" }],
    devices: [
      {
        deviceId: "m",
        name: "memory",
        kind: DeviceKind.HOST_MEMORY,
        zone: Zone.AMBER,
        fresh: true,
        totalBytes: 8 * GiB,
        observedBytes: 7 * GiB,
        committedBytes: GiB,
        tokensTotal: 4,
        tokensUsed: 3,
      },
      { deviceId: "GPU-1", kind: DeviceKind.GPU, zone: Zone.GREEN, totalBytes: 80 * GiB, tokensTotal: 2 },
    ],
    slots: [
      {
        service: "effects",
        workClass: WorkClass.LIGHT,
        committedBytes: GiB / 4,
        heldMs: 900,
        jobId: "job-b",
        stepId: "fx",
      },
      {
        service: "upscale",
        workClass: WorkClass.HEAVY,
        committedBytes: GiB,
        heldMs: 61_000,
        jobId: "job-a",
        stepId: "up",
      },
    ],
    queues: [
      { name: "upscale.batch", waiting: 12, running: 2, oldestWaitMs: 4_000 },
      { name: "effects.batch", waiting: 0, running: 0 },
    ],
  }),
  stats: JobServiceGetStatsResponse.fromPartial({
    uptimeMs: 250_000,
    jobs: { total: 14, succeeded: 10, failed: 2, cancelled: 1 },
    hitRate: 0.25,
    errorRate: 1 / 6,
    jobLatency: { count: 12, p95Ms: 1_234 },
  }),
  jobs: [
    Job.fromPartial({
      id: "job-b",
      state: JobState.RUNNING,
      progress: 0.5,
      etaMs: 2_000,
      steps: [{ id: "fx", state: StepState.RUNNING }],
    }),
    Job.fromPartial({ id: "job-a", state: JobState.RUNNING, progress: 0, etaMs: -1 }),
  ],
};

test("the screen shows devices, queues, slots and jobs", () => {
  expect(renderTop(view, { columns: 120, rows: 40 }).join("\n")).toBe(
    `pixelmesh 127.0.0.1:7400  03:04:05  up 4 min 10 s  2 services, 3 processes
jobs 2 running, 10 ok, 2 failed, 1 cancelled  cached 25.0 %  errors 16.7 %  p95 1.2 s

DEVICE  ZONE       MEMORY                                COMMITTED  COMPUTE
memory  amber      ##############..  7.0 GiB of 8.0 GiB  1.0 GiB    3 of 4
GPU-1   not fresh  ................  0 B of 80.0 GiB     0 B        0 of 2

QUEUE          WAITING  RUNNING  OLDEST
upscale.batch  12       2        4.0 s

SLOT     CLASS  MEMORY   HELD       JOB    STEP
upscale  heavy  1.0 GiB  1 min 1 s  job-a  up
effects  light  256 MiB  900 ms     job-b  fx

JOB                      PROGRESS
job-b  ########........  50 %  fx  2.0 s left
job-a  ................  0 %  waiting`,
  );
});

test("rows that do not fit are counted, those of the longest section first, and every screen fits", () => {
  const many = Array.from({ length: 500 }, (_, at) => Job.fromPartial({ id: `job-${at}`, state: JobState.RUNNING }));
  const lines = renderTop({ ...view, jobs: many }, { columns: 60, rows: 30 });
  expect(lines).toHaveLength(30);
  expect(lines.at(-1)).toBe("  … 486 more");
  expect(lines.join("\n")).toContain("job-10 ");
  expect(lines.join("\n")).toContain("GPU-1");
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(80),
      (columns, rows, jobs) => {
        const frame = renderTop({ ...view, jobs: many.slice(0, jobs) }, { columns, rows });
        expect(frame.length).toBeLessThanOrEqual(rows);
        for (const line of frame) expect(line.length).toBeLessThanOrEqual(columns);
      },
    ),
  );
});

test("every row is shown or counted where all heads fit", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { minLength: 1, maxLength: 5 }), fc.nat(80), (sizes, extra) => {
      const sections = sizes.map((size, at) => ({
        head: `head ${at}`,
        rows: Array.from({ length: size }, (_, row) => `row ${row}`),
      }));
      const lines = fitSections(sections, 3 * sizes.length + extra);
      const counted = lines.map((line) => Number(/… (\d+) more/.exec(line)?.[1] ?? 0)).reduce((sum, n) => sum + n, 0);
      expect(lines.filter((line) => line.startsWith("row")).length + counted).toBe(sizes.reduce((a, b) => a + b, 0));
      expect(lines.length).toBeLessThanOrEqual(3 * sizes.length + extra);
    }),
  );
});

test("a name cannot move the cursor", () => {
  const devices = [{ ...view.cluster.devices[0]!, name: "a\x1b[2Jb\nc\u202e" }];
  const text = renderTop({ ...view, cluster: { ...view.cluster, devices } }, { columns: 120, rows: 40 }).join("");
  expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});
