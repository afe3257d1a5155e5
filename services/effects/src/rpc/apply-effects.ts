import { ApplyEffectsOperation, type ApplyEffectsRequest, type ApplyEffectsResponse, Step } from "@pixelmesh/proto";
import { type CallContext, splitHeader } from "@pixelmesh/rpc";
import { type RasterHandler, streamDirect, type WorkerParts } from "@pixelmesh/worker";
import { parseOperation } from "../domain/catalogue/catalogue.ts";

/** Handles ApplyEffects: runs the effects step on one uploaded picture, without a job. */
export function createApplyEffects(worker: WorkerParts, handler: RasterHandler) {
  return async function* applyEffects(
    stream: AsyncIterable<ApplyEffectsRequest>,
    { signal }: CallContext,
  ): AsyncGenerator<ApplyEffectsResponse, void, undefined> {
    const { header, chunks } = await splitHeader(stream);
    const operation = header.operation ?? ApplyEffectsOperation.create();
    parseOperation(operation);
    const step = Step.fromPartial({ id: "effects", operation: { $case: "applyEffects", value: operation } });
    for await (const part of streamDirect(worker, {
      handler,
      step,
      chunks,
      encoding: header.encoding,
      signal,
    }))
      yield { part };
  };
}
