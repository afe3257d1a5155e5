import { toOutputFormat, UsageError, wrongFlag } from "@pixelmesh/flag-values";
import { operations } from "@pixelmesh/pipeline";
import {
  askedRoles,
  featureRoles,
  outputNames,
  type PipelineFlags,
  type PipelineOptions,
  parsePipelineOptions,
} from "@pixelmesh/pipeline-flags";
import { type RoleName, roleNames } from "@pixelmesh/roles";
import { isStdin, isStdout } from "./standard-paths.ts";

/** The options of `run` as commander gives them. */
export type RunOptions = PipelineOptions & {
  readonly jobs?: number;
  readonly recursive?: true;
  readonly report?: string;
  readonly skipExisting?: true;
  readonly quiet?: true;
  readonly address: string;
  readonly output?: string;
  readonly outDir?: string;
  readonly json?: true;
  readonly estimate?: true;
};

/** Everything that `run` was asked for, checked as far as that needs neither files nor mesh. */
export type RunFlags = PipelineFlags & {
  readonly pictures: readonly string[];
  /** Whether folders stand for the pictures in their subfolders, too. */
  readonly isRecursive: boolean;
  /** Whether pictures that an earlier command has finished are left out. */
  readonly skipsFinished: boolean;
  /** Where the CSV report goes. */
  readonly reportFile: string | undefined;
  /** Pictures in work at once. */
  readonly picturesAtOnce: number;
  readonly quiet: boolean;
  readonly address: string;
  readonly outputFile: string | undefined;
  readonly outDir: string;
  readonly json: boolean;
  /** Whether only the costs are asked for. */
  readonly isEstimate: boolean;
};

const defaultPicturesAtOnce = 4;

/** Checks the flags against each other. Throws UsageError. */
export function parseRunFlags(pictures: readonly string[], options: RunOptions): RunFlags {
  const { output } = options;
  const format = output === undefined ? options.format : toOutputFormat(output, options.format);
  const flags: RunFlags = {
    ...parsePipelineOptions({ ...options, ...(format === undefined ? {} : { format }) }),
    pictures,
    isRecursive: options.recursive === true,
    skipsFinished: options.skipExisting === true,
    reportFile: options.report,
    picturesAtOnce: options.jobs ?? defaultPicturesAtOnce,
    quiet: options.quiet === true,
    address: options.address,
    outputFile: output,
    outDir: options.outDir ?? ".",
    json: options.json === true,
    isEstimate: options.estimate === true,
  };
  if (output !== undefined) {
    if (options.outDir !== undefined) throw new UsageError("Expected one of `-o` and `--out-dir`, got both");
    if (options.skipExisting) throw new UsageError("Expected `--skip-existing` beside `--out-dir`, got `-o`");
    assertOneOutput(flags);
    if (flags.json && isStdout(output)) {
      throw new UsageError("Expected `--json` without `-o` to standard output, because only one of them can use it");
    }
  }
  if (pictures.filter(isStdin).length > 1)
    throw wrongFlag("picture", "`-` once, because there is one standard input", "-");
  return flags;
}

/** Checks that `-o` is for one output. Throws UsageError. */
export function assertOneOutput(flags: RunFlags): void {
  const { pictures, outputFile } = flags;
  const count = pictures.length * outputNames(flags).length;
  if (outputFile === undefined || count <= 1) return;
  throw wrongFlag("-o", `used with one output; there are ${count}, use --out-dir`, outputFile);
}

/** The roles that this command needs. A private mesh starts no others. */
export function neededServices(flags: RunFlags): readonly RoleName[] {
  const needed = new Set<RoleName>(["ingest", "scheduler", "storage", ...askedRoles(flags)]);
  if (flags.variants.length > 0) needed.add(operations.applyEffects.role);
  for (const role of flags.feature ? featureRoles(flags.feature) : []) needed.add(role);
  return roleNames.filter((name) => needed.has(name));
}
