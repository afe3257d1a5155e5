import { type RasterHandler, type StepContext, type StepHandler, withFrames } from "@pixelmesh/worker";

/** Awaited before each chain runs, while its step holds its slot. It may report progress, and rejects once the signal is aborted. */
export type BeforeRun = (context: Pick<StepContext, "signal" | "onProgress">) => Promise<void>;

/** Returns a handler that awaits `beforeRun` before each chain. */
export function withBeforeRun(
  handler: RasterHandler & StepHandler,
  beforeRun: BeforeRun | undefined,
): RasterHandler & StepHandler {
  if (beforeRun === undefined) return handler;
  return withFrames({
    ...handler,
    async runRasters(step, pictures, context) {
      await beforeRun(context);
      return handler.runRasters(step, pictures, context);
    },
  });
}
