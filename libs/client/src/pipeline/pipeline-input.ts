import type { Pipeline } from "@pixelmesh/proto";

/** A pipeline with optional fields: missing ones get the contract's default. */
export type PipelineInput = Parameters<typeof Pipeline.fromPartial>[0];
