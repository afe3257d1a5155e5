import type { Pixelmesh } from "@pixelmesh/client";
import { toShortSize } from "../format/text.ts";
import type { RunFlags } from "./flags.ts";

const bundled = "pixelmesh-matte";
/** The smallest known matte model that was trained on photographs. */
const general = "u2netp";
const timeoutMs = 5_000;

/**
 * Returns a line about better cut-outs for a mesh whose only matte model is the bundled one, if the command leaves the choice of the model to the mesh;
 * otherwise undefined. Never rejects: a command does not fail for the sake of a hint.
 */
export async function findMatteHint(
  { removeBackground, cutoutModel, sharedModel, quiet }: RunFlags,
  client: Pick<Pixelmesh, "models">,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!removeBackground || cutoutModel !== "" || sharedModel !== undefined || quiet) return undefined;
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const models = await client.models({ task: "matte", signal: inTime }).catch(() => []);
  const available = models.filter((model) => model.available);
  const better = models.find(({ name }) => name === general);
  if (better === undefined || available.length === 0 || available.some(({ name }) => name !== bundled))
    return undefined;
  const size = better.sizeBytes > 0 ? ` (${toShortSize(better.sizeBytes)})` : "";
  const what = `${bundled}, the only matte model of this mesh, is for one object that stands out from its background`;
  return `note: ${what}; \`pixelmesh models pull ${general}\`${size} brings a general one`;
}
