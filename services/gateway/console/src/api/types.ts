/** The JSON of the gateway's answers, as far as the console reads it. Times end in Ms or UnixMs, sizes in Bytes or Px. */

/** A word for the state of a job. */
export type JobState = "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** A word for the state of a step. */
export type StepState = "PENDING" | "READY" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** Why a job or a step failed. */
export type JobError = { readonly reason: string; readonly message: string; readonly stepId?: string };

/** Properties of a picture, from its header. */
export type ImageInfo = {
  readonly format: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly sizeBytes: number;
};

/** A stored picture. */
export type StoredPicture = { readonly sha256: string; readonly info?: ImageInfo };

/** What a step waits for. `reason` is a word of the API; `position` 1 is next in the queue for slots, 0: not in it; `deviceId` may be empty. */
export type StepWait = { readonly reason: string; readonly position: number; readonly deviceId: string };

/** What a step by a hosted model costs, in millionths of the currency. */
export type StepCost = {
  readonly estimateMicros: number;
  readonly actualMicros: number;
  readonly savedMicros: number;
  readonly currency: string;
  readonly provider: string;
};

/** One step of a job. */
export type JobStep = {
  readonly id: string;
  readonly operation: string;
  readonly state: StepState;
  readonly attempt: number;
  readonly progress: number;
  readonly cached: boolean;
  readonly savedMs: number;
  readonly waitMs: number;
  readonly runMs: number;
  readonly model: string;
  readonly provider: string;
  readonly device: string;
  readonly error: JobError | null;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly confidence?: number;
  /** Of a step by a hosted model, in millionths of the currency. */
  readonly cost?: StepCost;
  /** Ids of the steps whose results it takes. */
  readonly inputSteps: readonly string[];
  readonly wait?: StepWait;
};

/** One output of a job. */
export type JobOutput = {
  readonly name: string;
  readonly step: string;
  readonly ready: boolean;
  readonly expired: boolean;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly format: string;
  readonly widthPx: number;
  readonly heightPx: number;
};

/** A job as its owner sees it. */
export type Job = {
  readonly id: string;
  readonly state: JobState;
  readonly createdUnixMs: number;
  readonly finishedUnixMs: number;
  readonly deadlineUnixMs: number;
  readonly outputsExpireUnixMs: number;
  readonly priority: string;
  readonly sources: readonly { readonly name: string; readonly sha256: string; readonly info?: ImageInfo }[];
  readonly steps: readonly JobStep[];
  readonly outputs: readonly JobOutput[];
  readonly adaptations: readonly {
    readonly stepId: string;
    readonly kind: string;
    readonly from: string;
    readonly to: string;
    readonly why: string;
  }[];
  readonly notices: readonly { readonly stepId: string; readonly kind: string; readonly text: string }[];
  readonly error: JobError | null;
  readonly progress: number;
  /** 0: ended; -1: unknown. */
  readonly etaMs: number;
  readonly revision: number;
  /** `name@version`; empty: none. */
  readonly feature: string;
  readonly labels: readonly string[];
  readonly traceId: string;
  /** Where its trace is shown; only if the gateway knows. */
  readonly traceUrl?: string;
};

/** A setting's value in a request. */
export type Value =
  | { readonly number: number }
  | { readonly text: string }
  | { readonly flag: boolean }
  | { readonly color: string }
  /** A further picture by its place among the inputs of the step; 0: none. */
  | { readonly input: number };

/** One effect of a request. Missing settings take their defaults. */
export type Effect = { readonly name: string; readonly parameters: Readonly<Record<string, Value>> };

/** Types of the settings of an effect. */
export type ParameterType = "number" | "integer" | "choice" | "flag" | "color" | "text" | "input";

/** One setting of an effect. */
export type ParameterDescription = {
  readonly name: string;
  readonly type: ParameterType;
  readonly description: string;
  readonly defaultValue: number | string | boolean | null;
  readonly minimum: number;
  readonly maximum: number;
  readonly choices: readonly string[];
  readonly unit: string;
  readonly form: string;
  readonly pattern: string;
};

/** An effect of the catalogue, or a preset, which has a chain and no parameters. */
export type EffectDescription = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly group: string;
  readonly parameters: readonly ParameterDescription[];
};

/** A model in the registry of a service. */
export type Model = {
  readonly name: string;
  readonly task: string;
  readonly scale: number;
  readonly licence: string;
  readonly sizeBytes: number;
  readonly available: boolean;
  readonly unavailableReason: string;
  readonly isDefault: boolean;
  readonly loaded: boolean;
  readonly pinned: boolean;
  readonly provider: string;
  readonly residentBytes: number;
  readonly service: string;
};

/** One line of health in words, and the figures behind it. */
export type Health = {
  readonly state: string;
  readonly words: string;
  readonly accepting: boolean;
  readonly oldestWaitMs: number;
  readonly failuresTenMinutes: number;
};

/** Memory and compute of a device. */
/** Calls of a provider, by work class. */
export type CallCounts = { readonly light: number; readonly heavy: number; readonly exclusive: number };

export type Device = {
  readonly deviceId: string;
  readonly kind: string;
  readonly name: string;
  readonly zone: string;
  readonly totalBytes: number;
  readonly observedBytes: number;
  readonly committedBytes: number;
  readonly externalBytes: number;
  readonly quarantinedBytes: number;
  readonly tokensTotal: number;
  readonly tokensUsed: number;
  /** Of a provider of hosted models, which has calls in place of memory. */
  readonly callLimits?: CallCounts;
  readonly callsInUse?: CallCounts;
  readonly closedForMs?: number;
  readonly closedWhy?: string;
  readonly services: readonly string[];
  readonly fresh: boolean;
  readonly hosts: readonly {
    readonly hostId: string;
    readonly usedBytes: number;
    readonly busy: boolean;
    readonly models: readonly {
      readonly name: string;
      readonly provider: string;
      readonly residentBytes: number;
      readonly pinned: boolean;
    }[];
  }[];
};

/** Work that waits and runs under one name. */
export type Queue = {
  readonly name: string;
  readonly waiting: number;
  readonly running: number;
  readonly oldestWaitMs: number;
};

/** The mesh as its scheduler sees it. */
export type Cluster = {
  readonly services: readonly { readonly service: string; readonly instance: string; readonly version: string }[];
  readonly devices: readonly Device[];
  readonly slots: readonly { readonly jobId: string; readonly stepId: string; readonly deviceId: string }[];
  readonly queues: readonly Queue[];
};

/** A message that was given up and kept. */
export type DeadLetter = {
  readonly sequence: number;
  readonly subject: string;
  readonly reason: string;
  readonly storedUnixMs: number;
  readonly jobId: string;
  readonly stepId: string;
  readonly sizeBytes: number;
};

/** One pipeline on many pictures. */
export type Batch = {
  readonly id: string;
  readonly state: string;
  readonly jobsTotal: number;
  readonly jobsSucceeded: number;
  readonly jobsFailed: number;
  readonly jobsCancelled: number;
  readonly jobsRunning: number;
  readonly createdUnixMs: number;
  readonly etaMs: number;
  readonly jobsPerSecond: number;
  readonly labels: readonly string[];
};
