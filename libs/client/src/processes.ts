// Calls to single processes of a mesh, for the command line and the local mesh. The npm package leaves them out.
export type { Access } from "./access.ts";
export { connectProcess } from "./connect-process.ts";
export { connectServing } from "./connect-serving.ts";
export { isListening, waitUntilServing } from "./health.ts";
