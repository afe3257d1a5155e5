/** Prints the names of all images of trees, or with `--cuda` of those with a CUDA variant, on one line. For `scripts/images.sh`. */
import { images } from "./images.ts";

const isCudaOnly = process.argv.includes("--cuda");
const names = Object.entries(images).flatMap(([name, { hasCuda }]) => (isCudaOnly && !hasCuda ? [] : [name]));
process.stdout.write(`${names.join(" ")}\n`);
