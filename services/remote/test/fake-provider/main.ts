import type { FakeProviderOptions } from "./behaviour.ts";
import { createState } from "./fake-state.ts";
import { serve } from "./serve.ts";

// The process of a fake provider. It tells its addresses in one line of JSON and ends with its standard input.
const state = createState(JSON.parse(process.argv[2] ?? "{}") as FakeProviderOptions);
await serve(state);
process.stdout.write(`${JSON.stringify({ url: state.url, filesUrl: state.filesUrl })}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
