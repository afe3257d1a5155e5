import { toJob } from "@pixelmesh/pipeline";
import {
  type FeatureStats,
  type JobRecord,
  type JobSpec,
  JobState,
  RemoteCosts,
  type Tally,
  type TenantCosts,
} from "@pixelmesh/proto";

/** What one step by a hosted model of an ended job cost, in millionths of the currency. */
export type RemoteStepCost = {
  readonly provider: string;
  readonly model: string;
  readonly currency: string;
  /** Of a call that was made; else 0. */
  readonly costMicros: number;
  /** Of a cached result: what its call had cost. */
  readonly savedMicros: number;
  readonly isCached: boolean;
};

/** Returns what the steps by hosted models of an ended job cost, as far as they have results. */
export function remoteCostsOf(spec: JobSpec, record: JobRecord): RemoteStepCost[] {
  if (spec.steps.every(({ cost }) => cost === undefined)) return [];
  return toJob(spec, record, 0).steps.flatMap(({ cost, cached, model }, index) => {
    if (!cost || !record.steps[index]?.result?.provenance?.cost) return [];
    const { provider, currency, actualMicros, savedMicros } = cost;
    return [{ provider, model, currency, costMicros: actualMicros, savedMicros, isCached: cached }];
  });
}

/** Counts ended jobs by feature and what hosted models cost by feature and tenant. Its memory is bounded: further features and tenants are counted as `other`. */
export type CostRecorder = {
  /** Records an ended job. Call it once for each job. */
  record(spec: JobSpec, record: JobRecord): void;
  read(): { readonly features: FeatureStats[]; readonly costs: RemoteCosts };
};

/** More than there are features and their versions. */
const maxFeatures = 128;
const maxTenants = 512;
const others = "other";

type Sums = { calls: number; costMicros: number; savedMicros: number };

/** Creates a recorder with empty counts. */
export function createCostRecorder(): CostRecorder {
  const byFeature = new Map<string, { readonly jobs: Tally; readonly sums: Sums }>();
  const byTenant = new Map<string, Sums>();
  let currency = "";

  return {
    record(spec, record) {
      const steps = remoteCostsOf(spec, record);
      if (spec.feature !== "") {
        const key = boundedKey(byFeature, spec.feature, maxFeatures);
        const counts = getOrCreate(byFeature, key, () => ({ jobs: emptyJobs(), sums: emptySums() }));
        addJob(counts.jobs, record);
        for (const step of steps) addStep(counts.sums, step);
      }
      if (steps.length === 0) return;
      currency = steps[0]?.currency ?? "";
      const sums = getOrCreate(byTenant, boundedKey(byTenant, spec.tenant, maxTenants), emptySums);
      for (const step of steps) addStep(sums, step);
    },
    read() {
      const tenants = [...byTenant].map(([tenant, sums]) => ({ tenant, ...sums }));
      return {
        features: [...byFeature].map(([feature, { jobs, sums }]) => ({
          feature,
          jobs: { ...jobs },
          costMicros: sums.costMicros,
          savedMicros: sums.savedMicros,
        })),
        costs: RemoteCosts.create({ currency, tenants }),
      };
    },
  };
}

/** Adds the features of several replicas, by name. */
export function mergeFeatures(parts: readonly FeatureStats[]): FeatureStats[] {
  const byName = Map.groupBy(parts, ({ feature }) => feature);
  return [...byName]
    .map(([feature, same]) => ({
      feature,
      jobs: addJobs(same.map(({ jobs }) => jobs)),
      costMicros: same.reduce((sum, each) => sum + each.costMicros, 0),
      savedMicros: same.reduce((sum, each) => sum + each.savedMicros, 0),
    }))
    .sort((a, b) => (a.feature < b.feature ? -1 : 1));
}

/** Adds the costs of several replicas, by tenant. */
export function mergeCosts(parts: readonly (RemoteCosts | undefined)[]): RemoteCosts {
  const given = parts.filter((part) => part !== undefined);
  const byTenant = Map.groupBy(
    given.flatMap(({ tenants }) => tenants),
    ({ tenant }) => tenant,
  );
  const tenants = [...byTenant].map(([tenant, same]) => ({ tenant, ...addSums(same) }));
  return RemoteCosts.create({ currency: given.find((part) => part.currency !== "")?.currency ?? "", tenants });
}

/** The costs of one tenant. Those of others are left out: a tenant must not learn of them. */
export function costsOfTenant(costs: RemoteCosts | undefined, tenant: string): RemoteCosts | undefined {
  const own = costs?.tenants.find((each) => each.tenant === tenant);
  if (!costs || !own) return undefined;
  const { calls, costMicros, savedMicros } = own;
  return { currency: costs.currency, calls, costMicros, savedMicros, tenants: [] };
}

function getOrCreate<T>(map: Map<string, T>, key: string, create: () => T): T {
  const known = map.get(key) ?? create();
  map.set(key, known);
  return known;
}

function boundedKey(known: ReadonlyMap<string, unknown>, key: string, most: number): string {
  return known.has(key) || known.size < most ? key : others;
}

const emptySums = (): Sums => ({ calls: 0, costMicros: 0, savedMicros: 0 });
const emptyJobs = (): Tally => ({ total: 0, succeeded: 0, failed: 0, cancelled: 0, cached: 0 });

function addStep(sums: Sums, { costMicros, savedMicros, isCached }: RemoteStepCost): void {
  if (!isCached) sums.calls += 1;
  sums.costMicros += costMicros;
  sums.savedMicros += savedMicros;
}

function addSums(parts: readonly TenantCosts[]): Sums {
  const sums = emptySums();
  for (const { calls, costMicros, savedMicros } of parts) {
    sums.calls += calls;
    sums.costMicros += costMicros;
    sums.savedMicros += savedMicros;
  }
  return sums;
}

function addJob(jobs: Tally, { state, steps }: JobRecord): void {
  jobs.total += 1;
  if (state === JobState.FAILED) jobs.failed += 1;
  if (state === JobState.CANCELLED) jobs.cancelled += 1;
  if (state !== JobState.SUCCEEDED) return;
  jobs.succeeded += 1;
  if (steps.every(({ cached }) => cached)) jobs.cached += 1;
}

function addJobs(parts: readonly (Tally | undefined)[]): Tally {
  const jobs = emptyJobs();
  for (const part of parts)
    for (const key of ["total", "succeeded", "failed", "cancelled", "cached"] as const) jobs[key] += part?.[key] ?? 0;
  return jobs;
}
