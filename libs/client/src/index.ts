export { AppError, type FieldViolation, type Reason, reasonFromEnum, reasons } from "@pixelmesh/errors";
export {
  type Adaptation,
  type Batch,
  type BatchJob,
  BatchState,
  type CancelJobsResponse,
  type DeadLetter,
  type EffectDescription,
  type Encoding,
  type GetClusterResponse,
  type GetDeadLetterResponse,
  ImageFormat,
  type ImageInfo,
  type Job,
  type JobError,
  type JobServiceGetStatsResponse,
  JobState,
  type Model,
  type Notice,
  type OutputStatus,
  ParameterType,
  type PictureHeader,
  PreviewMode,
  Priority,
  Quality,
  type RetryJobsResponse,
  type Source,
  StepState,
  type StepStatus,
} from "@pixelmesh/proto";
export type { Access } from "./access.ts";
export type { Batches, BatchJobsOptions, WatchBatchOptions } from "./batches.ts";
export type { CallOptions } from "./call-options.ts";
export { type ConnectOptions, connectPixelmesh, type Pixelmesh } from "./connect.ts";
export { connectProcess } from "./connect-process.ts";
export type { BatchPicture, CreateBatchOptions } from "./create-batch.ts";
export type { CreateJobOptions } from "./create-job.ts";
export type { DeadLetters } from "./dead-letters.ts";
export type { DirectCalls, DirectOptions } from "./direct/direct-calls.ts";
export type { DirectResult } from "./direct/direct-result.ts";
export type { DirectPicture } from "./direct/direct-upload.ts";
export type { Preview, PreviewRequest, PreviewSource } from "./direct/preview-effects.ts";
export type { Download, DownloadOptions } from "./download-output.ts";
export { isListening, waitUntilServing } from "./health.ts";
export type { JobFilter } from "./job-filter.ts";
export type { JobSettings, PipelineInput } from "./job-settings.ts";
export type { Jobs, ListOptions, ManyOptions } from "./jobs.ts";
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
export type { UploadOptions, UploadSource } from "./upload-picture.ts";
export { isBatchEnded } from "./watch-batch.ts";
export { isJobEnded } from "./watch-job.ts";
