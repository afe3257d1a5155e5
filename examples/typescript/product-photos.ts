/**
 * Makes shop pictures of photos: cuts the object out, puts it before white, and a dithered variant beside it.
 *
 *     node product-photos.ts OUT_DIR photo.jpg more.jpg
 *
 * One photo is one job with its progress; several are a batch. PIXELMESH_ADDRESS and PIXELMESH_API_TOKEN name the mesh.
 */
import { AppError, connectPixelmesh, isRetryable, pipeline } from "@pixelmesh/client";

const [outDir, ...photos] = process.argv.slice(2);
const [first] = photos;
if (outDir === undefined || first === undefined) {
  console.error("Expected a folder and photos, as in: node product-photos.ts out photo.jpg");
  process.exit(2);
}

const looks = pipeline()
  .prescale({ maxSidePx: 1024 })
  .removeBackground({ featherPx: 1 })
  .variant("dithered", (cutOut) => cutOut.effect("dither", { levels: 4 }), { format: "webp", lossless: true })
  .replaceBackground("#ffffff")
  .output("shop", { format: "jpeg", quality: 90 });

const token = process.env.PIXELMESH_API_TOKEN;
const mesh = connectPixelmesh({
  address: process.env.PIXELMESH_ADDRESS ?? "127.0.0.1:7400",
  ...(token === undefined ? {} : { token }),
});
try {
  if (photos.length === 1) {
    const finished = await mesh.run(looks, first, {
      onProgress: ({ progress }) => console.error(`${Math.round(progress * 100)} %`),
    });
    for (const path of await finished.saveOutputs(outDir)) console.log(path);
  } else {
    const batch = await mesh.runBatch(looks, photos, {
      async onResult({ name, finished, error }) {
        if (error) console.error(`${name}: ${error.reason}: ${error.message}`);
        for (const path of (await finished?.saveOutputs(outDir)) ?? []) console.log(path);
      },
    });
    if (batch.jobsFailed > 0) process.exitCode = 1;
  }
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  console.error(`${error.reason}: ${error.message}${isRetryable(error) ? " (try again later)" : ""}`);
  process.exitCode = 1;
} finally {
  mesh.close();
}
