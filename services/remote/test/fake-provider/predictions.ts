import { type Behaviour, plainBehaviour } from "./behaviour.ts";
import type { Ledger } from "./ledger.ts";
import { findPictures, makePictures } from "./pictures.ts";

/** States of Replicate's predictions. */
export type PredictionStatus = "starting" | "processing" | "succeeded" | "failed" | "canceled" | "aborted";

/** A prediction. Times in milliseconds since 1970. */
export type Prediction = {
  readonly id: string;
  readonly model: string;
  readonly input: unknown;
  readonly behaviour: Behaviour;
  readonly createdMs: number;
  readonly wantsStream: boolean;
  status: PredictionStatus;
  startedMs: number | undefined;
  endedMs: number | undefined;
  error: string | undefined;
  pictures: readonly Buffer[];
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
};

/** What a call asks for. */
export type PredictionRequest = {
  readonly model: string;
  readonly input: unknown;
  /** Pictures of a form; without them those of data URIs in `input`. */
  readonly files?: readonly Buffer[];
  readonly cancelAfterMs?: number;
  readonly wantsStream?: boolean;
};

/** All predictions of a provider. */
export type Predictions = {
  create(request: PredictionRequest): Prediction;
  find(id: string): Prediction | undefined;
  /** The newest first. */
  list(): readonly Prediction[];
  cancel(prediction: Prediction): void;
  behave(model: string, behaviour: Partial<Behaviour>): void;
  forgetBehaviours(): void;
};

const maxKept = 2_000;

/** Creates an empty list. */
export function createPredictions(ledger: Ledger, given: Readonly<Record<string, Partial<Behaviour>>>): Predictions {
  const all = new Map<string, Prediction>();
  const behaviours = new Map(Object.entries(given));
  const finishers = new WeakMap<Prediction, (status: PredictionStatus, error?: string) => void>();
  let made = 0;

  const behaviourOf = (model: string): Behaviour => ({
    ...plainBehaviour,
    ...behaviours.get("*"),
    ...behaviours.get(model),
  });

  function create(request: PredictionRequest): Prediction {
    const { model, input, files, cancelAfterMs, wantsStream = false } = request;
    const behaviour = behaviourOf(model);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    made += 1;
    const prediction: Prediction = {
      id: `p${made.toString(36).padStart(4, "0")}${Math.random().toString(36).slice(2, 14)}`,
      model,
      input,
      behaviour,
      createdMs: Date.now(),
      wantsStream,
      status: "starting",
      startedMs: undefined,
      endedMs: undefined,
      error: undefined,
      pictures: [],
      ended,
    };
    all.set(prediction.id, prediction);
    for (const [id, { endedMs }] of all) if (all.size > maxKept && endedMs !== undefined) all.delete(id);
    ledger.count(model, (counts) => {
      counts.created += 1;
      counts.open += 1;
      counts.mostOpen = Math.max(counts.mostOpen, counts.open);
    });
    const pictures = makePictures(files ?? findPictures(input), behaviour.pictures);
    pictures.catch(() => {});
    const timers: NodeJS.Timeout[] = [];
    const finish = (status: PredictionStatus, error?: string) => {
      if (prediction.endedMs !== undefined) return;
      for (const timer of timers) clearTimeout(timer);
      Object.assign(prediction, { status, error, endedMs: Date.now() });
      ledger.count(model, (counts) => {
        counts.open -= 1;
        if (status === "succeeded") counts.succeeded += 1;
        else if (status === "failed") counts.failed += 1;
        else counts.cancelled += 1;
        if (prediction.startedMs !== undefined) counts.charged += 1;
      });
      resolve();
    };
    finishers.set(prediction, finish);
    const later = (ms: number, act: () => void) => timers.push(setTimeout(act, ms));
    if (cancelAfterMs !== undefined)
      later(cancelAfterMs, () => finish(prediction.startedMs === undefined ? "aborted" : "canceled"));
    const start = () => {
      Object.assign(prediction, { status: "processing", startedMs: Date.now() });
      if (behaviour.end !== "never") later(behaviour.workMs, () => void end());
    };
    const end = async () => {
      if (behaviour.end === "failed") return finish("failed", behaviour.error);
      try {
        prediction.pictures = await pictures;
        finish("succeeded");
      } catch (error) {
        finish("failed", `cannot identify image file: ${(error as Error).message}`);
      }
    };
    if (behaviour.startMs === 0) start();
    else later(behaviour.startMs, start);
    return prediction;
  }

  return {
    create,
    find: (id) => all.get(id),
    list: () => [...all.values()].reverse(),
    cancel: (prediction) => finishers.get(prediction)?.("canceled"),
    behave: (model, behaviour) => void behaviours.set(model, { ...behaviours.get(model), ...behaviour }),
    forgetBehaviours() {
      behaviours.clear();
      for (const [model, behaviour] of Object.entries(given)) behaviours.set(model, behaviour);
    },
  };
}
