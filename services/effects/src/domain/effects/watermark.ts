import { AppError } from "@pixelmesh/errors";
import { defineEffect, type EffectDefinition } from "../catalogue/define-effect.ts";
import { choice, color, flag, input, number, type SettingsOf } from "../catalogue/parameters.ts";
import { gravities } from "../composition/gravity.ts";
import type { Size } from "../composition/length.ts";
import { type GlyphLine, layOutLine } from "../mark/glyph-line.ts";
import { layMarks } from "../mark/lay-marks.ts";
import { maxMarkPixels, preparedSize, toPictureMark, toTextMark } from "../mark/mark.ts";
import { createPlaces, isUpright, turnedBox, turnOf } from "../mark/mark-places.ts";
import { assertMark, markText } from "../mark/mark-settings.ts";
import { type TextStyle, textAspect } from "../mark/text-mark.ts";
import { furtherPicture, type PrepareContext, stageMemory } from "../picture/prepared-effect.ts";

const parameters = {
  picture: input({ description: "The picture to lay over this one, instead of a text: a further input of the step." }),
  text: markText({
    description: "The text to lay over the picture, in Inter Bold (Latin, Greek, Cyrillic). Left out beside a picture.",
  }),
  position: choice({
    description: "Where the mark lies, or that one of many marks which is placed first.",
    choices: gravities,
    byDefault: "bottom_right",
  }),
  margin: number({
    description: "Distance from the edges, in percent of the picture's shorter side.",
    minimum: 0,
    maximum: 25,
    byDefault: 4,
    unit: "%",
  }),
  size: number({
    description:
      "Width of the mark before it is turned, in percent of the picture's; less where it would not fit inside.",
    minimum: 1,
    maximum: 100,
    byDefault: 25,
    unit: "%",
  }),
  opacity: number({ description: "Opacity of the mark.", minimum: 0, maximum: 100, byDefault: 60, unit: "%" }),
  angle: number({
    description: "Turn of the mark, clockwise.",
    minimum: -180,
    maximum: 180,
    byDefault: 0,
    unit: "degrees",
  }),
  tiled: flag({ description: "Cover the whole picture with marks.", byDefault: false }),
  spacing: number({
    description: "For tiled: distance between marks, in percent of a mark's longer side.",
    minimum: 5,
    maximum: 400,
    byDefault: 50,
    unit: "%",
  }),
  color: color({ description: "Colour of a text.", byDefault: "#ffffff" }),
  outline: number({
    description:
      "Width of a line around the letters of a text, in percent of their size: black, or white for dark colours.",
    minimum: 0,
    maximum: 20,
    byDefault: 4,
    unit: "%",
  }),
};

type Settings = SettingsOf<typeof parameters>;

/** Outlines of the letters: their edges, and those of the lines around them, for each character of a text. */
const characterBytes = 300 * 1024;

/**
 * Lays a further picture or a text over the picture, in linear light: "over" of T. Porter and T. Duff, "Compositing digital images" (1984). Where the
 * picture is transparent, the mark shows with its own alpha. A mark is prepared once, with at most `maxMarkPixels`.
 */
const effect = defineEffect({
  name: "watermark",
  group: "composition",
  title: "Watermark",
  description: "A second picture or a text over the picture, once or tiled, mixed in linear light.",
  revision: 1,
  parameters,
  memory({ picture, text }, shape) {
    const markBytes = 4 * Math.min(maxMarkPixels, shape.widthPx * shape.heightPx);
    // A picture is resized in memory of its own first.
    const prepared = picture > 0 ? 2 * markBytes : markBytes + text.length * characterBytes;
    return { workBytes: stageMemory(shape).workBytes + prepared, pictureBytes: [] };
  },
  async prepare(settings, context) {
    const { space, shape, pace } = context;
    const { angle, opacity, position, tiled, spacing } = settings;
    const source = toSource(settings, context);
    const size = fitted(settings, source.aspect, shape);
    const ready = preparedSize(size);
    const mark =
      "style" in source
        ? await toTextMark(space, source.style, ready, pace)
        : await toPictureMark(space, source.picture, ready, pace);
    const scale = { across: ready.widthPx / size.widthPx, down: ready.heightPx / size.heightPx };
    const isAligned = isUpright(angle) && scale.across === 1 && scale.down === 1;
    const piecesAt = createPlaces({
      picture: shape,
      mark: size,
      degrees: angle,
      position,
      marginPx: marginOf(settings, shape),
      gapPx: tiled ? (spacing / 100) * Math.max(size.widthPx, size.heightPx) : undefined,
      // Interpolation reads two pixels to either side.
      reachPx: isAligned ? 0 : 2 / Math.min(scale.across, scale.down),
    });
    return { createStage: layMarks({ mark, scale, turn: turnOf(angle), isAligned, opacity: opacity / 100 }, piecesAt) };
  },
});

/** The effect `watermark`. Its settings are also checked together: a mark is one text or one picture. */
export const watermark: EffectDefinition = {
  description: effect.description,
  parse(given, field) {
    const parsed = effect.parse(given, field);
    assertMark(parsed.resolved.parameters, `${field}.parameters`);
    return parsed;
  },
};

/** Returns what is laid over the picture, and its height to its width. */
function toSource({ picture: place, text, color, outline }: Settings, context: PrepareContext) {
  if (place > 0) {
    const picture = furtherPicture(context, place, "watermark.picture");
    return { picture, aspect: picture.heightPx / picture.widthPx };
  }
  const style: TextStyle = { line: lineOf(text), color, outlineEm: outline / 100 };
  return { style, aspect: textAspect(style) };
}

function lineOf(text: string): GlyphLine {
  const line = layOutLine(text);
  if (line === undefined) throw new AppError("INTERNAL", "The text of a watermark was not checked");
  return line;
}

function marginOf({ margin }: Settings, { widthPx, heightPx }: Size): number {
  return (margin / 100) * Math.min(widthPx, heightPx);
}

/** Returns the size of the mark, such that its turned box fits between the margins. */
function fitted(settings: Settings, aspect: number, picture: Size): Size {
  const { size, angle } = settings;
  const marginPx = marginOf(settings, picture);
  const unit = turnedBox({ widthPx: 1, heightPx: aspect }, angle);
  const widthPx = Math.min(
    (size / 100) * picture.widthPx,
    (picture.widthPx - 2 * marginPx) / unit.widthPx,
    (picture.heightPx - 2 * marginPx) / unit.heightPx,
  );
  return { widthPx: Math.max(1, Math.round(widthPx)), heightPx: Math.max(1, Math.round(widthPx * aspect)) };
}
