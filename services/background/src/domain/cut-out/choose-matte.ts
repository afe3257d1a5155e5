import { AppError } from "@pixelmesh/errors";
import type { ConfidenceRule } from "@pixelmesh/pipeline";
import type { Notice } from "@pixelmesh/proto";
import type { Finding } from "./matte.ts";

/** A cut-out that was prepared with one model, and what it is judged by. */
export type Judged = { readonly finding: Finding; readonly confidence: number };

/** A model by its name, and how a cut-out is prepared with it. */
export type Trial<Prepared> = { readonly model: string; readonly prepare: () => Promise<Prepared> };

/** The cut-out that is used, the name of its model, and what the caller should know. */
export type MatteChoice<Prepared> = {
  readonly model: string;
  readonly prepared: Prepared;
  readonly notices: readonly Notice[];
  /** Names of the models that could not be tried. */
  readonly skipped: readonly string[];
};

/** How trials are judged. */
export type ChoiceRules = {
  /** Undefined: any confidence will do. */
  readonly rule: ConfidenceRule | undefined;
  /** Returns why a model cannot be used here; undefined for a failure that is not of the model. */
  readonly reasonToSkip: (error: unknown) => string | undefined;
};

type Tried<Prepared> = { readonly model: string; readonly prepared: Prepared };

/**
 * Prepares a cut-out with the first model, and then with larger ones until one reaches the confidence of the rule. If none does, it returns the
 * most confident one with the notice `low_confidence`. A picture in which the first model finds no object passes: it has no confidence. A larger model
 * that cannot be used is left out with a notice. Throws LOW_CONFIDENCE if the rule does not retry, and what the first model throws.
 */
export async function chooseMatte<Prepared extends Judged>(
  [first, ...larger]: readonly [Trial<Prepared>, ...Trial<Prepared>[]],
  { rule, reasonToSkip }: ChoiceRules,
): Promise<MatteChoice<Prepared>> {
  let best: Tried<Prepared> = { model: first.model, prepared: await first.prepare() };
  const isEnough = ({ prepared }: Tried<Prepared>) => !rule || confidenceOf(prepared) >= rule.least;
  const notices: Notice[] = [];
  const skipped: string[] = [];
  const choice = () => ({ ...best, notices, skipped });
  if (!rule || best.prepared.finding === "nothing" || isEnough(best)) return choice();
  if (!rule.retries) throw lowConfidence(best, rule);
  const tried = [best];
  for (const { model, prepare } of larger) {
    let prepared: Prepared;
    try {
      prepared = await prepare();
    } catch (error) {
      const why = reasonToSkip(error);
      if (why === undefined) throw error;
      skipped.push(model);
      notices.push(note("larger_model_skipped", `The larger model ${model} could not be tried: ${why}`));
      continue;
    }
    const next = { model, prepared };
    notices.push(largerModelNotice(tried.at(-1) ?? best, next, rule));
    tried.push(next);
    if (confidenceOf(next.prepared) > confidenceOf(best.prepared)) best = next;
    if (isEnough(next)) return choice();
  }
  notices.push(lowConfidenceNotice(best, tried, rule));
  return choice();
}

/** A larger model that finds no object is not sure of one. */
function confidenceOf({ finding, confidence }: Judged): number {
  return finding === "nothing" ? 0 : confidence;
}

/** Three digits, rounded down, so that a value below the bound is not shown as the bound. */
function show(confidence: number): string {
  return String(Math.floor(confidence * 1000) / 1000);
}

function note(kind: string, text: string): Notice {
  return { stepId: "", kind, text };
}

function largerModelNotice(from: Tried<Judged>, to: Tried<Judged>, { least }: ConfidenceRule): Notice {
  const [before, after] = [from, to].map(({ prepared }) => show(confidenceOf(prepared)));
  return note(
    "larger_model",
    `The cut-out by ${from.model} has a confidence of ${before}, below min_confidence ${least}, so ${to.model} was tried: it has ${after}`,
  );
}

function lowConfidenceNotice(best: Tried<Judged>, tried: readonly Tried<Judged>[], { least }: ConfidenceRule): Notice {
  const list = tried.map(({ model, prepared }) => `${model} ${show(confidenceOf(prepared))}`).join(", ");
  const text = `The confidence of ${show(confidenceOf(best.prepared))} is below min_confidence ${least}; this is the most confident cut-out of: ${list}`;
  return note("low_confidence", text);
}

function lowConfidence({ model, prepared }: Tried<Judged>, { least }: ConfidenceRule): AppError {
  const got = show(confidenceOf(prepared));
  const advice = "name a larger `model`, lower `min_confidence`, or set `on_low_confidence` to RETRY";
  return new AppError(
    "LOW_CONFIDENCE",
    `Expected a cut-out with a confidence of at least \`${least}\` (min_confidence), got \`${got}\` from ${model}; ${advice}`,
    { metadata: { model, confidence: got, min_confidence: String(least) } },
  );
}
