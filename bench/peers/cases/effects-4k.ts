import { ImageFormat } from "@pixelmesh/proto";
import { pillowSide } from "../sides/line-scripts.ts";
import { runPeerCase } from "../tools/case-setup.ts";
import { jpegQuality, meshPids, runJob } from "../tools/mesh-work.ts";
import { type PictureFile, writePictures } from "../tools/pictures.ts";

const size = { widthPx: 3_840, heightPx: 2_160 };
/** The effects that scripts/pillow_work.py has in kind. */
const effects = ["black_and_white", "pop_art", "retro_8bit", "dither"];

/** Four effects on a 4K JPEG, side by side in one job with four JPEGs out, against a Pillow script with effects of the same class. */
export function effects4kCase(): Promise<boolean> {
  return runPeerCase(
    {
      caseName: "effects-4k",
      ratios: [{ side: "pixelmesh", measure: "cpuS", bound: 1.3 }],
      values: [{ side: "pixelmesh", measure: "wallS", name: "time of all effects", unit: "s", bound: 2 }],
      facts: { size, effects, jpegQuality },
    },
    async ({ mesh, dir }) => {
      const [picture] = (await writePictures(`${dir}/pictures`, 1, size)) as [PictureFile];
      const pipeline = {
        steps: effects.map((name) => ({
          id: name,
          inputs: [{ from: { $case: "upload" as const, value: "source" } }],
          operation: { $case: "applyEffects" as const, value: { effects: [{ name, parameters: {} }] } },
        })),
        outputs: effects.map((name) => ({
          name,
          step: name,
          encoding: { format: ImageFormat.JPEG, quality: jpegQuality },
        })),
      };
      const request = () => ({ path: picture.path, quality: jpegQuality });
      return {
        ours: [
          {
            name: "pixelmesh",
            isOurs: true,
            pids: () => meshPids(mesh),
            async run() {
              await runJob(mesh.client, pipeline, picture.bytes);
              return {};
            },
            close: async () => {},
          },
        ],
        peers: [() => pillowSide({ dir, name: "Pillow script", request })],
      };
    },
  );
}
