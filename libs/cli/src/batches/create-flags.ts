import { UsageError, wrongFlag } from "@pixelmesh/flag-values";
import { outputNames } from "@pixelmesh/pipeline-flags";
import { expandPictures } from "../run/expand-pictures.ts";
import { createInputCheck } from "../run/file-identity.ts";
import { assertOneOutput, parseRunFlags, type RunFlags, type RunOptions } from "../run/flags.ts";
import { assertFolder, leadsToStdout } from "../run/output-target.ts";
import { assertBackground, type Place, planPaths, possibleFormats, toFolderPlace } from "../run/plan-paths.ts";
import { isStdin } from "../run/standard-paths.ts";
import { createOutputPlaces } from "./output-places.ts";

/** The options of `batches create` as commander gives them. */
export type CreateBatchOptions = RunOptions & {
  readonly name?: readonly string[];
  readonly requestId?: string;
  readonly detach?: true;
};

/** Everything that `batches create` was asked for, checked as far as that needs no mesh. */
export type CreateBatchFlags = {
  /** The flags for pictures. Folders and patterns are replaced by their pictures. */
  readonly run: RunFlags;
  /** The names of the pictures in the batch. */
  readonly names: readonly string[];
  readonly requestId: string | undefined;
  readonly isDetached: boolean;
  /** Where the outputs of each picture go; undefined if they are not fetched. */
  readonly places: readonly Place[] | undefined;
};

/** Most pictures of a batch, bytes of the name of one, and labels of a job that its caller gives. */
const maxPictures = 10_000;
const maxNameBytes = 255;
const maxLabels = 8;

/** Checks the flags against each other and the file system. Throws UsageError. */
export function parseCreateFlags(pictures: readonly string[], options: CreateBatchOptions): CreateBatchFlags {
  const given = parseRunFlags(pictures, options);
  assertBatch(given, options);
  const run = { ...given, pictures: expandPictures(pictures, { ...given, outputNames: outputNames(given) }) };
  const count = run.pictures.length;
  if (count > maxPictures)
    throw new UsageError(`Expected at most ${maxPictures} pictures of a batch, got ${count}: create several batches`);
  assertOneOutput(run);
  assertBackground(run);
  const { name: names } = options;
  if (names !== undefined && names.length !== count)
    throw new UsageError(`Expected \`--name\` for each of the ${count} pictures, got ${names.length} names`);
  const known = names ?? run.pictures.map(toName);
  return {
    run,
    names: known,
    requestId: options.requestId,
    isDetached: options.detach === true,
    places: planPlaces(run, known, options),
  };
}

function planPlaces(run: RunFlags, names: readonly string[], { output, outDir }: CreateBatchOptions) {
  if (output !== undefined) return planPaths(run);
  if (outDir === undefined) return undefined;
  assertFolder("--out-dir", outDir);
  const isInput = createInputCheck(run.pictures);
  const [outputs, formats] = [outputNames(run), possibleFormats(run)];
  const isBlocked = (stem: string) => {
    const { pathOf } = toFolderPlace(outDir, stem, [], []);
    return outputs.some((name) => formats.some((format) => isInput(pathOf(name, format))));
  };
  const places = createOutputPlaces(outDir, { outputs, formats, isBlocked });
  return names.map((name, index) => places.of(index, name));
}

function assertBatch(flags: RunFlags, { detach, output, outDir }: CreateBatchOptions): void {
  const { pictures, background, labels } = flags;
  if (pictures.some(isStdin))
    throw wrongFlag("picture", "a file, a folder or a pattern; `pixelmesh run` takes standard input", "-");
  if (background?.kind === "picture")
    throw wrongFlag(
      "--background",
      "a colour, gradient:… or blur:N in a batch, whose jobs take one picture; `pixelmesh run` takes a PICTURE",
      background.path,
    );
  if (labels.length > maxLabels)
    throw new UsageError(`Expected at most ${maxLabels} \`--label\`, got ${labels.length}`);
  const own = labels.find((label) => label.startsWith("batch:"));
  if (own !== undefined) throw wrongFlag("--label", "no label that begins with batch:, which the mesh gives", own);
  if (output !== undefined && leadsToStdout(output))
    throw wrongFlag("-o", "a file: the id of the batch goes to standard output", output);
  const place = output === undefined ? outDir && "--out-dir" : "-o";
  if (detach && place) throw new UsageError(`Expected one of \`--detach\` and \`${place}\`, got both`);
}

/** Returns the path, or as much of its end as fits into a name. */
function toName(path: string): string {
  let bytes = 0;
  const kept: string[] = [];
  for (const character of [...path].reverse()) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxNameBytes) break;
    kept.push(character);
  }
  return kept.reverse().join("");
}
