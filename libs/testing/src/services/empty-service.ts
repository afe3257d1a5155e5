// A real service process that serves only health: `node empty-service.ts NAME`. For tests of the local mesh.
import type { RoleName } from "@pixelmesh/roles";
import { announceReady, openBase, openRpc, runService, serviceFields } from "@pixelmesh/service";

const name = (process.argv[2] ?? "ingest") as RoleName;
if (process.env.TEST_CRASH === name) throw new Error("crashed on purpose");
const fields = serviceFields(name);

await runService(process, name, fields, async (config, life, log) => {
  const base = await openBase(name, config, life, log);
  const rpc = await openRpc(base, { serviceNames: [], register() {} });
  await announceReady(base, rpc);
  if (process.env.TEST_STUCK === name) life.defer("something stuck", () => new Promise(() => {}), 600_000);
  log.error({ err: new Error("deep inside") }, "an error to be shown");
  life.defer("log of the stop", () => process.stdout.write(`${JSON.stringify({ stopped: Date.now() })}\n`));
});
