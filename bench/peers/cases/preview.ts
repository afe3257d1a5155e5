import { percentile } from "../../harness/stats.ts";
import type { Side } from "../judge/side.ts";
import { sharpSide } from "../sides/line-scripts.ts";
import { runPeerCase } from "../tools/case-setup.ts";
import { connectDirect, jpegQuality, meshPids } from "../tools/mesh-work.ts";
import { type PictureFile, pictureCount, withComment, writePictures } from "../tools/pictures.ts";

const size = { widthPx: 3_840, heightPx: 2_160 };
const warmCalls = 40;
/** Limits of a warm preview's 95th percentile by size. */
const warmMs = { 300: 15, 500: 25, 800: 45 };

/** First previews of 4K JPEGs in black and white at 300, 500 and 800 px against sharp with shrink-on-load; then previews of one picture again. */
export async function previewCase(): Promise<boolean> {
  let isWithin = true;
  for (const [sidePx, boundMs] of Object.entries(warmMs))
    isWithin = (await previewOf(Number(sidePx), boundMs)) && isWithin;
  return isWithin;
}

function previewOf(sidePx: number, boundMs: number): Promise<boolean> {
  const count = pictureCount(10);
  console.log(`  ${sidePx} px`);
  return runPeerCase(
    {
      caseName: `preview-${sidePx}`,
      command: "make bench-peers CASE=preview",
      ratios: [{ side: "first", measure: "cpuS", bound: 1.3 }],
      values: [{ side: "warm", measure: "p95Ms", name: "a warm preview, p95", unit: "ms", bound: boundMs }],
      facts: { size, sidePx, firstPreviews: count, warmPreviews: warmCalls, jpegQuality },
    },
    async ({ mesh, dir }) => {
      const pictures = await writePictures(`${dir}/pictures`, count, size);
      const direct = connectDirect(mesh);
      let round = 0;
      const ours = (name: string, hasOwnWork: boolean, run: Side["run"]): Side => ({
        name,
        isOurs: true,
        hasOwnWork,
        pids: () => meshPids(mesh),
        run,
        close: async () => direct.close(),
      });
      const [known] = pictures as [PictureFile];
      const paths = pictures.map(({ path }) => path);
      return {
        ours: [
          ours("first", false, async (signal) => {
            round++;
            for (const { bytes } of pictures)
              await direct.preview(withComment(bytes, `round ${round}`), sidePx, signal);
            return {};
          }),
          ours("warm", true, async (signal) => {
            const timesMs: number[] = [];
            for (let call = 0; call < warmCalls; call++) {
              const startMs = performance.now();
              await direct.preview(known.bytes, sidePx, signal);
              timesMs.push(performance.now() - startMs);
            }
            return { p95Ms: percentile(timesMs, 95) };
          }),
        ],
        peers: [
          () =>
            sharpSide({
              dir,
              name: "sharp script",
              request: () => ({ task: "preview", paths, sidePx, quality: jpegQuality }),
            }),
        ],
      };
    },
  );
}
