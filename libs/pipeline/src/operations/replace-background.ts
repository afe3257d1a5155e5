import { expected } from "@pixelmesh/errors";
import { type PictureBackground, PictureFit } from "@pixelmesh/proto";
import { canonicalColor } from "../values/color.ts";
import { defineOperation } from "./operation.ts";

const place = { least: 0, most: 1 } as const;
const gradientColors = { least: 2, most: 8 };

/** Puts a colour, a gradient, a picture or a blur behind a cut-out. */
export const replaceBackground = defineOperation({
  case: "replaceBackground",
  name: "replace_background",
  role: "background",
  revision: 1,
  usesModel: false,
  catalogueList: undefined,
  addsAlpha: false,
  enlarges: false,
  numbers: {
    background: {
      blurSigmaPx: { least: 0.3, most: 100 },
      picture: { positionX: place, positionY: place },
      gradient: { angle: { least: 0, most: 360 } },
    },
  },
  inputs({ background }) {
    const cutOut = { name: "cut-out" };
    switch (background?.$case) {
      case "picture":
        return [cutOut, { name: "background" }];
      case "blurSigmaPx":
        return [cutOut, { name: "original picture", isSizeOfFirst: true }];
      case "color":
      case "gradient":
      case undefined:
        return [cutOut];
    }
  },
  validate({ background }, path) {
    switch (background?.$case) {
      case undefined:
        throw expected(`${path}.background`, "color, gradient, blur_sigma_px or picture", "nothing");
      case "color":
        return assertColor(background.value, `${path}.color`);
      case "picture":
        return assertColor(background.value.color ?? white, `${path}.picture.color`);
      case "gradient": {
        const { colors } = background.value;
        const { least, most } = gradientColors;
        if (colors.length < least || colors.length > most)
          throw expected(`${path}.gradient.colors`, `${least} to ${most} colours`, colors.length);
        for (const [index, color] of colors.entries()) assertColor(color, `${path}.gradient.colors[${index}]`);
      }
    }
  },
  resolve({ background }) {
    switch (background?.$case) {
      case "color":
        return { value: { background: { $case: "color", value: toColor(background.value) } } };
      case "gradient": {
        const { colors, angle } = background.value;
        return {
          value: { background: { $case: "gradient", value: { colors: colors.map(toColor), angle: angle % 360 } } },
        };
      }
      case "picture":
        return { value: { background: { $case: "picture", value: withoutDefaults(background.value) } } };
      default:
        return { value: { background } };
    }
  },
  resultSize: (_, input) => input,
  expectedCost: {
    curve: { startMs: 10, msPerMegapixel: 40 },
    variant: ({ background }) => [background?.$case ?? "none"],
  },
});

const white = "#ffffff";

function assertColor(color: string, path: string): void {
  if (canonicalColor(color, false) === undefined) throw expected(path, "a colour such as `#rrggbb`", color);
}

function toColor(color: string): string {
  return canonicalColor(color, false) ?? color;
}

/** Returns the settings that change something, so that equal results have equal keys. */
function withoutDefaults({
  fit,
  positionX = 0.5,
  positionY = 0.5,
  color = white,
}: PictureBackground): PictureBackground {
  const isCover = fit === undefined || fit === PictureFit.UNSPECIFIED || fit === PictureFit.COVER;
  const shown = toColor(color);
  return {
    ...(isCover ? {} : { fit }),
    ...(positionX === 0.5 ? {} : { positionX }),
    ...(positionY === 0.5 ? {} : { positionY }),
    ...(shown === white ? {} : { color: shown }),
  };
}
