import type { PhotographScore } from "../photographs/evaluate.ts";
import type { Score } from "../score.ts";

/** What eval/results/ holds of models. */
export type Results = { readonly scores: readonly Score[]; readonly photographs: readonly PhotographScore[] };

const head = `<!-- Generated from eval/results by \`make eval-models\`. Do not edit. -->

# Models

How good the upscalers and background models are that this project knows and has measured. \`make eval-models\` measures the models that are
here, through a mesh, and writes this page. [eval](../../eval/README.md) explains the sets and measures, [manage models](../how-to/manage-models.md) how to get
a model, the [cards](../../models/cards/) how ours were trained.`;

const upscalers = `## Upscalers

Set5: the classical set, reduced by MATLAB's bicubic. PSNR and SSIM on luma.`;

const photographs = `### Photographs, and photographs as JPEG files

The middle of 512×512 px of photographs of the test data (Kodak, NASA, scikit-image), reduced by MATLAB's bicubic, and stored as PNG or
as JPEG of the quality named. PSNR-B is PSNR that also counts steps at the borders of JPEG's blocks. SSIMULACRA2 is a measure of what
people see (100 is equal, 70 high, 50 medium, 30 low quality, below 0 very low), computed by a package that is independent of this
project. All four compare with the original. They show which blocks a model carries over, and count texture that a restoring model invents
as an error, even where people prefer it.`;

const missing = `No learned perceptual measure (LPIPS, DISTS) is here: their weights are not in a package. No Set14 is here either; the photographs take
its place, and figures on them cannot be compared with publications.`;

const sheet = `![Details, enlarged four times](models/upscale-x4.webp)

Left to right: bicubic, \`pixelmesh-sr-x4\`, \`realesr-general-x4v3\`, the original. Above from a PNG, below from a JPEG of quality 30. The
picture was rendered for this project.`;

const mattes = `## Background models

GrabCut: 25 photographs with masks drawn by hand. IoU from alpha 0.5 on.`;

const mattesSheet = `![Cut-outs](models/cut-outs.webp)

Left to right: the picture, \`pixelmesh-matte\`, \`u2netp\`. The pictures were rendered for this project.`;

/** Creates the page as Markdown. Models are sorted by scale and quality. */
export function createPage({ scores, photographs: onPhotographs }: Results): string {
  const byScale = (a: { scale: number; name: string }, b: { scale: number; name: string }) =>
    a.scale - b.scale || a.name.localeCompare(b.name);
  const ofTask = (task: string) => scores.filter((score) => score.task === task).toSorted(byScale);
  const set5 = ofTask("upscale").map(({ name, scale, means }) => [
    ...[`\`${name}\``, `×${scale}`, toText(means.psnrDb, 2), toText(means.ssim, 4)],
  ]);
  const grabCut = ofTask("matte").map(({ name, means }) => [
    ...[`\`${name}\``, toText(means.iou, 3), toText(means.meanError, 3)],
  ]);
  const rows = onPhotographs
    .toSorted(byScale)
    .flatMap(({ name, scale, variants }) =>
      variants.map(({ jpegQuality, means }) => [
        ...[`\`${name}\``, `×${scale}`, jpegQuality === null ? "PNG" : `JPEG ${jpegQuality}`],
        ...[toText(means.psnrDb, 2), toText(means.psnrBDb, 2), toText(means.ssim, 4), toText(means.ssimulacra2, 1)],
      ]),
    );
  const parts = [
    ...[head, upscalers, toMarkdown(["model", "scale", "PSNR dB", "SSIM"], set5), photographs],
    toMarkdown(["model", "scale", "stored as", "PSNR dB", "PSNR-B dB", "SSIM", "SSIMULACRA2"], rows),
    ...[missing, sheet, mattes, toMarkdown(["model", "IoU", "mean error"], grabCut), mattesSheet],
  ];
  return `${parts.join("\n\n")}\n`;
}

function toMarkdown(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

function toText(value: number | null | undefined, digits: number): string {
  return value === null || value === undefined ? "-" : value.toFixed(digits);
}
