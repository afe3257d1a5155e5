/** The minimum quality of a model to be shipped: mean PSNR on Set5 in dB, or mean IoU on GrabCut. */
export type Bar = { readonly measure: "psnrDb" | "iou"; readonly atLeast: number };

/** Bars of the models that are trained in this project, by name. */
export const bars: Readonly<Record<string, Bar>> = {
  "pixelmesh-sr-x2": { measure: "psnrDb", atLeast: 36.8 },
  "pixelmesh-sr-x4": { measure: "psnrDb", atLeast: 31.0 },
  "pixelmesh-matte": { measure: "iou", atLeast: 0.6 },
};
