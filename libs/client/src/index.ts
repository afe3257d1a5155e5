export { AppError, type FieldViolation, type Reason, reasonFromEnum, reasons } from "@pixelmesh/errors";
export {
  type Adaptation,
  type DeadLetter,
  type EffectDescription,
  type GetClusterResponse,
  type GetDeadLetterResponse,
  ImageFormat,
  type Job,
  type JobError,
  type JobServiceGetStatsResponse,
  JobState,
  type Model,
  type Notice,
  type OutputStatus,
  ParameterType,
  Priority,
  Quality,
  type Source,
  StepState,
  type StepStatus,
} from "@pixelmesh/proto";
export type { Access } from "./access.ts";
export type { CallOptions } from "./call-options.ts";
export { type ConnectOptions, connectPixelmesh, type Pixelmesh } from "./connect.ts";
export { connectProcess } from "./connect-process.ts";
export type { CreateJobOptions, PipelineInput } from "./create-job.ts";
export type { DeadLetters } from "./dead-letters.ts";
export type { Download, DownloadOptions } from "./download-output.ts";
export { isListening, waitUntilServing } from "./health.ts";
export type { Jobs } from "./jobs.ts";
export {
  type ImageFormatName,
  imageFormatName,
  type JobStateName,
  jobStateName,
  jobStateNames,
  type PriorityName,
  priorityName,
  type QualityName,
  qualityName,
  type StepStateName,
  stepStateName,
  stepStateNames,
} from "./names.ts";
export type { Picture } from "./pictures.ts";
export { openClientTls, type TlsOptions } from "./tls.ts";
export { isJobEnded } from "./watch-job.ts";
