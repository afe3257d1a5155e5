import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type AppError, connectPixelmesh } from "@pixelmesh/client";
import { startBenchMesh } from "../harness/bench-mesh.ts";
import { readAnonymous } from "../harness/machine.ts";
import { report } from "../harness/report.ts";
import { percentile } from "../harness/stats.ts";
import { createTinyJob, type JobTimes, makeTinyPicture, runTinyJob } from "../harness/tiny-jobs.ts";

const connections = 50;
const perConnection = 100;
const probeEveryMs = 250;
const callEveryMs = 20;
const mib = 2 ** 20;

type Answer = readonly [reason: string, ms: number];

/**
 * Submits 5,000 jobs of one tenant over 50 connections, four at a time and all at once, while another tenant runs one job at a time. The
 * time of a refusal is measured with calls of the flooding tenant from this process, one every 20 ms, because calls of the flooding
 * process delay each other.
 */
export async function overloadCase(): Promise<boolean> {
  const picture = await makeTinyPicture();
  const bench = await startBenchMesh();
  const other = connectPixelmesh({ address: bench.mesh.address, tenant: "probe" });
  const same = connectPixelmesh({ address: bench.mesh.address, tenant: "flood", retryTimeoutMs: 1 });
  const memory = () =>
    Object.fromEntries(bench.mesh.processes().map(({ name, pid }) => [name, Math.round(readAnonymous(pid) / mib)]));
  try {
    let contrast = 1;
    const probe = () => {
      contrast += 1e-4;
      return runTinyJob(other, picture, contrast);
    };
    for (let at = 0; at < 20; at++) await probe();
    const before = memory();
    const call = () => {
      contrast += 1e-4;
      return createTinyJob(same, picture, contrast).then(
        () => "",
        ({ reason }: AppError) => reason,
      );
    };
    const figures = [];
    for (const inFlight of [4, perConnection]) {
      const { answers, ownAnswers, probes, peak } = await floodOnce(bench.mesh.address, inFlight, {
        probe,
        call,
        memory,
      });
      const probesMs = probes.map(({ allMs }) => allMs);
      const refused = refusedMs(ownAnswers);
      const inFlood = refusedMs(answers);
      const reasons = Object.groupBy(answers, ([reason]) => reason || "accepted");
      const details = {
        answers: Object.fromEntries(Object.entries(reasons).map(([reason, all]) => [reason, all?.length])),
        refusedMs: { count: refused.length, p50: percentile(refused, 50), p99: percentile(refused, 99) },
        refusedInFloodMs: { p50: percentile(inFlood, 50), p99: percentile(inFlood, 99) },
        probesMs: {
          count: probesMs.length,
          p50: percentile(probesMs, 50),
          slowest: probes.toSorted((a, b) => b.allMs - a.allMs)[0],
        },
        memoryMiB: { before, peak },
      };
      const how = `${connections} connections, ${inFlight} calls each at once`;
      figures.push(
        { name: `refusals answered, p99 (${how})`, value: percentile(refused, 99), unit: "ms", bound: 200, details },
        {
          name: `jobs of another tenant, p95 (${how})`,
          value: percentile(probesMs, 95),
          unit: "ms",
          bound: 1_000,
          details,
        },
        { name: `largest process (${how})`, value: Math.max(...Object.values(peak)), unit: "MiB", bound: 512, details },
        {
          name: `refused without RetryInfo's reasons (${how})`,
          value: untyped(answers),
          unit: "calls",
          bound: 0,
          details,
        },
      );
      await waitUntilIdle(probe);
    }
    await sleep(15_000);
    const after = memory();
    const kept = Math.max(...Object.entries(after).map(([name, value]) => value - (before[name] ?? 0)));
    figures.push({
      name: "memory kept afterwards, most of any process",
      value: kept,
      unit: "MiB",
      bound: 50,
      details: { before, after },
    });
    return report("overload", figures);
  } finally {
    other.close();
    same.close();
    await bench.close();
  }
}

type Actions = {
  /** Runs a job of the other tenant. */
  readonly probe: () => Promise<JobTimes>;
  /** Submits a job of the flooding tenant from this process. Returns the reason of its refusal, or "". */
  readonly call: () => Promise<string>;
  readonly memory: () => Record<string, number>;
};

function refusedMs(answers: readonly Answer[]): number[] {
  return answers.filter(([reason]) => reason !== "").map(([, ms]) => ms);
}

async function floodOnce(address: string, inFlight: number, { probe, call, memory }: Actions) {
  const file = fileURLToPath(new URL("../harness/job-flood.ts", import.meta.url));
  const args = ["--conditions=development", "--disable-warning=ExperimentalWarning", file, address];
  const child = spawn(process.execPath, [...args, String(connections), String(perConnection), String(inFlight)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  const ended = once(child, "close");
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const probes: JobTimes[] = [];
  const ownAnswers: Answer[] = [];
  const timedCall = async () => {
    const startMs = performance.now();
    const reason = await call();
    ownAnswers.push([reason, Math.round(performance.now() - startMs)]);
  };
  // A call does not wait for the one before, so slow answers count as often as they occur.
  const calls: Promise<void>[] = [];
  const calling = (async () => {
    while (!isOver) {
      calls.push(timedCall());
      await sleep(callEveryMs);
    }
    await Promise.all(calls);
  })();
  const peak: Record<string, number> = {};
  while (!isOver) {
    probes.push(await probe());
    for (const [name, value] of Object.entries(memory())) peak[name] = Math.max(peak[name] ?? 0, value);
    await Promise.race([sleep(probeEveryMs), ended]);
  }
  await calling;
  return { answers: JSON.parse(text) as Answer[], ownAnswers, probes, peak };
}

/** Waits until all accepted jobs have ended: a job then is as fast as on an idle mesh. */
async function waitUntilIdle(probe: () => Promise<JobTimes>): Promise<void> {
  for (let quick = 0; quick < 5; ) {
    quick = (await probe()).allMs < 100 ? quick + 1 : 0;
    await sleep(200);
  }
}

function untyped(answers: readonly Answer[]): number {
  return answers.filter(([reason]) => !["", "QUEUE_FULL", "TOO_MANY_JOBS"].includes(reason)).length;
}
