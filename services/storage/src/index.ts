export { type StorageConfig, storageFields } from "./config.ts";
export { startStorage } from "./server.ts";
