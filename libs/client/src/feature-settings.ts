import { expected } from "@pixelmesh/errors";
import { FeatureRequest } from "@pixelmesh/proto";
import { type EffectSettings, toSettingValues } from "./pipeline/effect-values.ts";
import { type OutputEncoding, toEncodingMessage } from "./pipeline/encoding.ts";

/**
 * A feature: a named pipeline of the mesh, which `mesh.features()` lists. Its name alone stands for its newest version with its defaults; a message is
 * taken as it is.
 */
export type FeatureSettings =
  | string
  | FeatureRequest
  | {
      readonly name: string;
      /** Default: the newest one. */
      readonly version?: number;
      /** Missing ones take the feature's defaults. `{ picture }` is a further picture of the job, whose name is that of the setting. */
      readonly settings?: EffectSettings;
      /** Encodings of the result by the names of outputs. Default: one output `result`. */
      readonly outputs?: Readonly<Record<string, OutputEncoding>>;
    };

/** Converts a feature to its message. Throws INVALID_ARGUMENT for a picture whose name is not that of its setting. */
export function toFeatureMessage(given: FeatureSettings): FeatureRequest {
  if (typeof given === "object" && "parameters" in given) return given;
  const { name, version = 0, settings = {}, outputs = {} } = typeof given === "string" ? { name: given } : given;
  for (const [key, setting] of Object.entries(settings))
    if (typeof setting === "object" && "picture" in setting && setting.picture !== key)
      throw expected(`feature.settings.${key}.picture`, `\`${key}\`, the name under which it is sent`, setting.picture);
  return FeatureRequest.create({
    name,
    version,
    parameters: toSettingValues(settings, () => 1),
    outputs: Object.entries(outputs).map(([output, encoding]) => ({
      name: output,
      step: "",
      encoding: toEncodingMessage(encoding),
    })),
  });
}
