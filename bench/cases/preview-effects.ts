import { loadavg } from "node:os";
import {
  type Effect,
  type EffectDescription,
  EffectsServiceDefinition,
  type ParameterDescription,
  ParameterType,
  PreviewMode,
  type Value,
} from "@pixelmesh/proto";
import { connectRpc, toChunks } from "@pixelmesh/rpc";
import { startTestMesh } from "@pixelmesh/testing";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { percentile } from "../harness/stats.ts";

const calls = Number(process.env.CALLS ?? 80);
const warmUps = 20;

/** Limits of p95 in milliseconds. */
const bounds = { fast: 15, balanced: 25, high: 45 };
const modes = { fast: PreviewMode.FAST, balanced: PreviewMode.BALANCED, high: PreviewMode.HIGH };

/**
 * Measures a preview of every effect, with a known 4K JPEG and a setting that no earlier preview had, in each mode. Settings that are not changed have their
 * defaults.
 */
export async function previewEffectsCase(): Promise<boolean> {
  const picture = await toScene({ widthPx: 3_840, heightPx: 2_160 });
  await using mesh = await startTestMesh({ env: { PIXELMESH_LOG_LEVEL: "warn" } });
  const address = mesh.processes().find(({ name }) => name === "effects")?.grpc ?? "";
  const connection = connectRpc(address, { timeoutMs: 60_000 });
  try {
    const rpc = connection.client(EffectsServiceDefinition);
    const { sourceSha256: sha256 } = await rpc.previewPicture(send(picture));
    const { effects } = await rpc.listEffects({});
    const figures: Figure[] = [];
    for (const effect of effects.filter(({ chain }) => chain.length === 0)) {
      for (const [mode, bound] of Object.entries(bounds) as [keyof typeof bounds, number][]) {
        const times: number[] = [];
        for (let at = 0; at < warmUps + calls; at++) {
          const operation = { effects: toEffects(effect, at / (warmUps + calls)) };
          const startMs = performance.now();
          await rpc.previewEffects({ sha256, mode: modes[mode], operation, viewer: "bench" });
          if (at >= warmUps) times.push(performance.now() - startMs);
        }
        const details = {
          p50: round(percentile(times, 50)),
          calls,
          load: round(loadavg()[0] as number),
        };
        const value = round(percentile(times, 95));
        const name = changeable(effect) ? effect.name : `${effect.name} and color`;
        figures.push({ name: `${name}, ${mode}, p95`, value, unit: "ms", bound, details });
      }
    }
    return report("preview-effects", figures);
  } finally {
    connection.close();
  }
}

async function* send(picture: Uint8Array) {
  const header = { operation: { effects: [{ name: "invert" }] } };
  yield { part: { $case: "header" as const, value: header } };
  for (const value of toChunks(picture)) yield { part: { $case: "chunk" as const, value } };
}

/**
 * Returns the effect with one setting changed: by a hundredth of its range for a number, else by the next value. `share` is 0 to 1. An effect with
 * too few settings is followed by `color` with a changed exposure, because a repeated preview is not computed again.
 */
function toEffects(effect: EffectDescription, share: number): Effect[] {
  const { name } = effect;
  const text: Record<string, Value> =
    name === "watermark" ? { text: { kind: { $case: "text", value: "Pixelmesh" } } } : {};
  const changed = changeable(effect);
  if (changed) return [{ name, parameters: { ...text, [changed.name]: moved(changed, share) } }];
  const exposure: Value = { kind: { $case: "number", value: share / 10 } };
  return [
    { name, parameters: text },
    { name: "color", parameters: { exposure } },
  ];
}

/** The setting that is changed; undefined if no setting has enough values. */
function changeable({ parameters }: EffectDescription): ParameterDescription | undefined {
  return parameters.find(({ type }) => type === ParameterType.NUMBER) ?? parameters.find(isInteger);
}

const isInteger = ({ type, minimum, maximum }: ParameterDescription) =>
  type === ParameterType.INTEGER && maximum - minimum > 1_000;

function moved({ type, defaultValue, minimum, maximum }: ParameterDescription, share: number): Value {
  const start = defaultValue?.kind?.$case === "number" ? defaultValue.kind.value : minimum;
  const step = type === ParameterType.INTEGER ? Math.round(share * 1_000) : (share * (maximum - minimum)) / 100;
  return { kind: { $case: "number", value: start + step <= maximum ? start + step : start - step } };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
