export { type SchedulerConfig, schedulerFields } from "./config.ts";
export { startScheduler } from "./server.ts";
