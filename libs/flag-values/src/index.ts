export {
  type Background,
  fits,
  type Placement,
  type PlacementOptions,
  type Position,
  parseBackground,
  parseBackgroundColor,
  parsePosition,
  toPlacement,
} from "./background.ts";
export { priorities, qualities } from "./choices.ts";
export { colorNames, toHexColor } from "./css-colors.ts";
export { type CutOutSettings, cutOutSettingNames, parseCutOut } from "./cut-out-settings.ts";
export {
  type EffectText,
  type FeatureText,
  parseEffectText,
  parseFeatureText,
  parseRemoteModelText,
  parseVariant,
  type Variant,
} from "./effect-text.ts";
export {
  choiceFlag,
  durationFlag,
  integerFlag,
  numberFlag,
  parseAddress,
  repeatedFlag,
  timeFlag,
} from "./flag-values.ts";
export { type Format, formatAliases, formats, toOutputFormat } from "./formats.ts";
export { labelFlag } from "./label-flag.ts";
export { type ChosenModels, chooseModels, type ModelOptions } from "./model-flags.ts";
export { type Failure, firstQuoted, type HintSource, toNameHint } from "./name-hint.ts";
export { didYouMean, nearestName } from "./nearest.ts";
export { toUsageText, UsageError, wrongFlag } from "./usage-error.ts";
