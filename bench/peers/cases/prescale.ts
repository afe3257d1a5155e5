import { ImageFormat } from "@pixelmesh/proto";
import { inParallel } from "../../harness/tiny-jobs.ts";
import type { Side } from "../judge/side.ts";
import { sharpSide } from "../sides/line-scripts.ts";
import { govipsServer, ipxServer, type PrescaleWork, thumborServer } from "../sides/picture-servers.ts";
import { runPeerCase } from "../tools/case-setup.ts";
import { connectDirect, jpegQuality, meshPids, runJob } from "../tools/mesh-work.ts";
import { type PictureFile, pictureCount, writePictures } from "../tools/pictures.ts";

const size = { widthPx: 3_840, heightPx: 2_160 };
const inFlight = 8;

/** 4K JPEGs into a box of 512 px. */
export const prescale512Case = () => prescaleCase(512);

/** 4K JPEGs into a box of 2048 px. */
export const prescale2048Case = () => prescaleCase(2_048);

/** Scales 4K JPEGs into a box, JPEG out, eight in flight: PrescaleImage and jobs against ipx, thumbor, govips and a sharp script. */
async function prescaleCase(maxSidePx: number): Promise<boolean> {
  const count = pictureCount(40);
  return runPeerCase(
    {
      caseName: `prescale-${maxSidePx}`,
      ratios: [
        { side: "PrescaleImage", measure: "cpuS", peers: ["ipx"], bound: 1.1 },
        { side: "jobs", measure: "cpuS", peers: ["ipx"], bound: 2 },
      ],
      facts: { pictures: count, size, maxSidePx, inFlight, jpegQuality },
    },
    async ({ mesh, dir }) => {
      const pictures = await writePictures(`${dir}/pictures`, count, size);
      const work: PrescaleWork = { dir, pictures, maxSidePx, inFlight };
      const paths = pictures.map(({ path }) => path);
      const request = () => ({ task: "prescale", paths, sidePx: maxSidePx, quality: jpegQuality, inFlight });
      const direct = connectDirect(mesh);
      const pipeline = {
        steps: [{ id: "small", operation: { $case: "prescale" as const, value: { maxSidePx } } }],
        outputs: [{ name: "result", encoding: { format: ImageFormat.JPEG, quality: jpegQuality } }],
      };
      const ours = (name: string, act: (bytes: Buffer, signal: AbortSignal) => Promise<unknown>): Side => ({
        name,
        isOurs: true,
        pids: () => meshPids(mesh),
        async run(signal) {
          let next = 0;
          await inParallel(count, inFlight, async () => {
            await act((pictures[next++] as PictureFile).bytes, signal);
          });
          return {};
        },
        close: async () => direct.close(),
      });
      return {
        ours: [
          ours("PrescaleImage", (bytes, signal) => direct.prescale(bytes, maxSidePx, signal)),
          ours("jobs", (bytes) => runJob(mesh.client, pipeline, bytes)),
        ],
        peers: [
          () => ipxServer(work),
          () => thumborServer(work),
          () => govipsServer(work),
          () => sharpSide({ dir, name: "sharp script", request }),
        ],
      };
    },
  );
}
