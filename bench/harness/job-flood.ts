/**
 * `node job-flood.ts ADDRESS CONNECTIONS PER_CONNECTION IN_FLIGHT`: submits jobs as fast as they are answered, without retries. Prints a
 * JSON array of `[reason or "", ms]`, one for each call.
 */
import { CreateJobHeader, JobServiceDefinition, Pipeline } from "@pixelmesh/proto";
import { connectRpc, fromRpcError } from "@pixelmesh/rpc";
import { inParallel, makeTinyPicture } from "./tiny-jobs.ts";

const [address = "", connections, perConnection, inFlight] = process.argv.slice(2);
const picture = await makeTinyPicture();
const answers: [string, number][] = [];
let submitted = 0;

async function flood(): Promise<void> {
  const connection = connectRpc(address, { tenant: "flood", timeoutMs: 120_000 });
  const rpc = connection.client(JobServiceDefinition);
  await inParallel(Number(perConnection), Number(inFlight), async () => {
    const contrast = { kind: { $case: "number" as const, value: 1 + (submitted++ % 20_000) / 1e4 } };
    const effects = [{ name: "black_and_white", parameters: { contrast } }];
    const pipeline = Pipeline.fromPartial({
      steps: [{ id: "fx", operation: { $case: "applyEffects", value: { effects } } }],
    });
    async function* messages() {
      const header = CreateJobHeader.fromPartial({ pipeline, requestId: `flood-${process.pid}-${submitted}` });
      yield { part: { $case: "header" as const, value: header } };
      yield { part: { $case: "upload" as const, value: { name: "source", sha256: "", sizeBytes: 0 } } };
      yield { part: { $case: "chunk" as const, value: picture } };
      yield { part: { $case: "end" as const, value: {} } };
    }
    const startMs = performance.now();
    const reason = await rpc.createJob(messages()).then(
      () => "",
      (error: unknown) => fromRpcError(error).reason,
    );
    answers.push([reason, Math.round(performance.now() - startMs)]);
  });
  connection.close();
}

await Promise.all(Array.from({ length: Number(connections) }, flood));
process.stdout.write(JSON.stringify(answers));
