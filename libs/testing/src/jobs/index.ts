export { download, downloadFrame } from "./downloads.ts";
export { readData, robot, robotMask, slowPicture } from "./example-pictures.ts";
export { effectStep, slowPipeline, step } from "./steps.ts";
