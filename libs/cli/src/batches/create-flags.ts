import { UsageError, wrongFlag } from "../options/usage-error.ts";
import { expandPictures } from "../run/expand-pictures.ts";
import { assertOneOutput, outputNames, parseRunFlags, type RunFlags, type RunOptions } from "../run/flags.ts";
import { assertBackground, type Place, planPaths } from "../run/plan-paths.ts";
import { isStdin, isStdout } from "../run/standard-paths.ts";

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
  const isFetched = options.output !== undefined || options.outDir !== undefined;
  return {
    run,
    names: names ?? run.pictures.map(toName),
    requestId: options.requestId,
    isDetached: options.detach === true,
    places: isFetched ? planPaths(run) : undefined,
  };
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
  if (output !== undefined && isStdout(output))
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
