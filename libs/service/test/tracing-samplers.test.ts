import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { startHttpReceiver } from "../../telemetry/test/otlp/receiver.ts";
import { runTracedProgram } from "./run-traced-program.ts";

/** The position of a caller that keeps its trace, or does not. */
const caller = (isSampled: boolean, traceId = randomBytes(16).toString("hex")) =>
  `00-${traceId}-${randomBytes(8).toString("hex")}-${isSampled ? "01" : "00"}`;

/** The numbers of exported traces: of 20 without a caller, of 5 whose caller keeps them, of 5 whose caller does not, of 1 that fails. */
async function countExported(env: Readonly<Record<string, string>>): Promise<readonly number[]> {
  await using receiver = await startHttpReceiver();
  await using program = await runTracedProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env });
  const own = await program.trace({ calls: 20 });
  const five = async (isSampled: boolean) => {
    const traced = [];
    for (let at = 0; at < 5; at++) traced.push(...(await program.trace({ calls: 1, traceparent: caller(isSampled) })));
    return traced;
  };
  const groups = [own, await five(true), await five(false), await program.trace({ calls: 1, isFailing: true })];
  expect(await program.close()).toEqual({});
  const exported = new Set(receiver.spans().map(({ traceId }) => traceId));
  return groups.map((traced) => traced.filter(({ traceId }) => exported.has(traceId)).length);
}

// The columns: without a caller, with one that keeps its trace, with one that does not, failed.
test.each([
  ["always_on", {}, [20, 5, 5, 1]],
  ["always_off", {}, [0, 0, 0, 0]],
  ["traceidratio", { OTEL_TRACES_SAMPLER_ARG: "0" }, [0, 0, 0, 1]],
  ["traceidratio", {}, [20, 5, 5, 1]],
  ["parentbased_always_on", {}, [20, 5, 0, 1]],
  ["parentbased_always_off", {}, [0, 5, 0, 0]],
  ["parentbased_traceidratio", { OTEL_TRACES_SAMPLER_ARG: "0" }, [0, 5, 0, 1]],
  ["pixelmesh", { PIXELMESH_TRACES_KEPT: "0%" }, [0, 5, 0, 1]],
  ["pixelmesh", { PIXELMESH_TRACES_KEPT: "0.0001%" }, [1, 5, 0, 1]],
  ["pixelmesh", { PIXELMESH_TRACES_KEPT: "100%", PIXELMESH_TRACES_PER_SECOND: "1000" }, [20, 5, 0, 1]],
] as const)("the sampler %s with %j keeps what it should: %j", async (sampler, env, counts) => {
  expect(await countExported({ OTEL_TRACES_SAMPLER: sampler, ...env })).toEqual(counts);
});

test("without OTEL_TRACES_SAMPLER the settings of the mesh decide, and its variable replaces them", async () => {
  const ours = { PIXELMESH_TRACES_KEPT: "0%" };
  expect(await countExported(ours)).toEqual([0, 5, 0, 1]);
  expect(await countExported({ ...ours, OTEL_TRACES_SAMPLER: "parentbased_always_on" })).toEqual([20, 5, 0, 1]);
});

test("traceidratio keeps its share of traces, and decides alike for equal trace ids in every process", async () => {
  await using receiver = await startHttpReceiver();
  const env = { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" };
  const run = async () => await runTracedProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env });
  await using first = await run();
  await using second = await run();
  await first.trace({ calls: 400 });
  await first.close();
  const kept = new Set(receiver.spans().map(({ traceId }) => traceId));
  // 100 on average, with a standard deviation of 8.7.
  expect(Math.abs(kept.size - 100)).toBeLessThan(50);
  const before = receiver.spans().length;
  for (const traceId of kept) await second.trace({ calls: 1, traceparent: caller(false, traceId) });
  await second.close();
  const again = new Set(
    receiver
      .spans()
      .slice(before)
      .map(({ traceId }) => traceId),
  );
  expect(again).toEqual(kept);
});
