import { setTimeout as sleep } from "node:timers/promises";
import { JetStreamApiError, StorageType } from "@nats-io/jetstream";
import type { KvOptions } from "@nats-io/kv";
import type { Bus } from "../connection/connect.ts";

/** JetStream API codes: a stream of this name exists with other settings; another stream has its subjects (10065). */
const streamExists: ReadonlySet<number> = new Set([10058, 10065]);

/** Creates a bucket. A broker may refuse it while another process creates it; the next try then succeeds. */
export async function ensureBucket({ kvm, replicas }: Bus, name: string, limits: Partial<KvOptions>): Promise<void> {
  for (let triesLeft = 10; ; triesLeft--) {
    try {
      await kvm.create(name, { ...limits, history: 1, replicas, storage: StorageType.File });
      return;
    } catch (error) {
      const exists = error instanceof JetStreamApiError && streamExists.has(error.code);
      if (!exists || triesLeft <= 0) throw error;
      await sleep(100);
    }
  }
}
