export { AppError, type Reason, reasonFromEnum } from "@pixelmesh/errors";
export {
  type EffectDescription,
  type GetClusterResponse,
  ImageFormat,
  type Job,
  type JobServiceGetStatsResponse,
  JobState,
  type Model,
  type OutputStatus,
  Priority,
  Quality,
} from "@pixelmesh/proto";
export { type ConnectOptions, connectPixelmesh, type Pixelmesh } from "./connect.ts";
export type { CreateJobOptions, PipelineInput } from "./create-job.ts";
export type { DeadLetters } from "./dead-letters.ts";
export type { Download, DownloadOptions } from "./download-output.ts";
export type { CallOptions, Jobs } from "./jobs.ts";
export type { Picture } from "./pictures.ts";
export { openClientTls, type TlsOptions } from "./tls.ts";
export { isJobEnded } from "./watch-job.ts";
