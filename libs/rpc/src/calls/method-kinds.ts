/** Methods whose calls have no deadline. The server ends them when it stops. */
const longLived: ReadonlySet<string> = new Set([
  "/pixelmesh.scheduler.v1.SchedulerService/HoldSlot",
  "/pixelmesh.scheduler.v1.SchedulerService/AttachDevice",
  "/pixelmesh.jobs.v1.JobService/WatchJob",
  "/pixelmesh.jobs.v1.JobService/WatchBatch",
  "/grpc.health.v1.Health/Watch",
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
]);

/** Whether calls of this method (`/package.Service/Method`) are long-lived: they have no deadline and no natural end. */
export function isLongLived(path: string): boolean {
  return longLived.has(path);
}

/**
 * Whether calls of this method get a span. The duration of HoldSlot is the time a slot is held; durations of health and watches
 * mean nothing.
 */
export function isTraced(path: string): boolean {
  return !path.startsWith("/grpc.") && (!longLived.has(path) || path.endsWith("/HoldSlot"));
}
