import { type ParameterDescription, ParameterType } from "@pixelmesh/proto";
import { toCode } from "./markdown.ts";

/** Returns the values that a parameter of an effect or a feature takes. */
export function toForm({ type, choices, minimum, maximum, unit, form }: ParameterDescription): string {
  switch (type) {
    case ParameterType.CHOICE:
      return choices.map(toCode).join(", ");
    case ParameterType.FLAG:
      return "true or false";
    case ParameterType.COLOR:
      return "a colour as #rrggbb";
    case ParameterType.TEXT:
      return form;
    case ParameterType.INPUT:
      return "a further picture; `@FILE` on the command line";
    default:
      return `${type === ParameterType.INTEGER ? "an integer, " : ""}${minimum} to ${maximum}${unit && ` ${unit}`}`;
  }
}
