export { type IngestConfig, ingestFields } from "./config.ts";
export { startIngest } from "./server.ts";
