export { type RemoteConfig, remoteFields } from "./config.ts";
export { startRemote } from "./server.ts";
