export { AppError, type FieldViolation, type Reason, reasonFromEnum, reasons } from "@pixelmesh/errors";
export {
  type Adaptation,
  type Batch,
  type BatchJob,
  BatchState,
  type Callback,
  CallbackState,
  type CancelJobsResponse,
  type DeadLetter,
  type EffectDescription,
  type Encoding,
  type EstimateCostResponse,
  type FeatureDescription,
  type GetClusterResponse,
  type GetDeadLetterResponse,
  ImageFormat,
  type ImageInfo,
  type Job,
  type JobError,
  type JobServiceGetStatsResponse,
  JobState,
  type ListRemoteModelsResponse,
  type Model,
  type Notice,
  type OutputStatus,
  ParameterType,
  type PictureHeader,
  PreviewMode,
  Priority,
  Quality,
  type RemoteModel,
  type RetryJobsResponse,
  type Source,
  type StepCost,
  StepState,
  type StepStatus,
  type StepWait,
  WaitReason,
  type WarmResultsResponse,
} from "@pixelmesh/proto";
export type { Batches, BatchJobsOptions, WatchBatchOptions } from "./batches.ts";
export type { CallOptions } from "./call-options.ts";
export type { Callbacks, CallbacksOptions } from "./callbacks.ts";
export { connectPixelmesh, type Pixelmesh } from "./connect.ts";
export type { BatchPicture, CreateBatchOptions } from "./create-batch.ts";
export type { CreateJobOptions } from "./create-job.ts";
export type { DeadLetters } from "./dead-letters.ts";
export type { DirectCalls, DirectOptions } from "./direct/direct-calls.ts";
export type { DirectResult } from "./direct/direct-result.ts";
export type { DirectPicture } from "./direct/direct-upload.ts";
export type { Preview, PreviewRequest, PreviewSource } from "./direct/preview-effects.ts";
export type { Download, DownloadOptions } from "./download-output.ts";
export type { FeatureSettings } from "./feature-settings.ts";
export type { UploadSource } from "./find-stored.ts";
export { isRetryable } from "./is-retryable.ts";
export type { JobFilter } from "./job-filter.ts";
export type { JobSettings } from "./job-settings.ts";
export type { Jobs, ListOptions, ManyOptions } from "./jobs.ts";
export {
  formatExtension,
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
  type WaitReasonName,
  waitReasonName,
} from "./names.ts";
export type { ConnectOptions } from "./open-connection.ts";
export type { Picture, UploadProgress } from "./pictures.ts";
export type { EffectSetting, EffectSettings, NamedEffect } from "./pipeline/effect-values.ts";
export type { OutputEncoding } from "./pipeline/encoding.ts";
export type { BackgroundSettings, CutOutSettings, UpscaleSettings } from "./pipeline/operations.ts";
export type { RemoteModelOptions } from "./pipeline/pipeline.ts";
export { type PipelineBuilder, pipeline } from "./pipeline/pipeline.ts";
export type { PipelineInput } from "./pipeline/pipeline-input.ts";
export type { FinishedJob } from "./run/finished-job.ts";
export type { PictureInput } from "./run/picture-input.ts";
export type { BatchResult, RunBatchOptions } from "./run/run-batch.ts";
export type { RunOptions } from "./run/run-job.ts";
export type { SaveOptions } from "./run/save-outputs.ts";
export type { TlsOptions } from "./tls.ts";
export type { UploadOptions } from "./upload-picture.ts";
export type { WarmOptions } from "./warm-results.ts";
export { isBatchEnded } from "./watch-batch.ts";
export { isJobEnded } from "./watch-job.ts";
