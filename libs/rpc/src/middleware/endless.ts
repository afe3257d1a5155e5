/** Methods whose calls stay open as long as both sides like: no deadline, ended by the server when it stops. */
const endless: ReadonlySet<string> = new Set([
  "/pixelmesh.scheduler.v1.SchedulerService/HoldSlot",
  "/pixelmesh.scheduler.v1.SchedulerService/AttachDevice",
  "/pixelmesh.jobs.v1.JobService/WatchJob",
  "/pixelmesh.jobs.v1.JobService/WatchBatch",
  "/grpc.health.v1.Health/Watch",
  "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
]);

/** Whether calls of this method (`/package.Service/Method`) have no natural end. */
export function isEndless(path: string): boolean {
  return endless.has(path);
}
