import { didYouMean, wrongFlag } from "@pixelmesh/flag-values";
import { type RoleName, roleNames } from "@pixelmesh/roles";

/** Parses names of services, separated by commas, each once; throws UsageError with the nearest name. */
export function servicesFlag(flag: string): (text: string) => RoleName[] {
  return (text) => {
    const words = text.split(",").map((word) => word.trim().toLowerCase());
    const unknown = words.find((word) => !isRole(word));
    if (unknown === undefined) return [...new Set(words.filter(isRole))];
    throw wrongFlag(flag, `some of ${roleNames.join(", ")}, separated by commas`, text, didYouMean(unknown, roleNames));
  };
}

/** The port on which Node's inspector listens by default. */
const inspectorPort = 9229;

/** Parses `SERVICE` or `SERVICE:PORT`, where the port is 0 or from 1024 to 65535; throws UsageError with the nearest name. */
export function inspectFlag(flag: string): (text: string) => readonly [RoleName, number] {
  return (text) => {
    const [, name = "", digits] = /^([a-z]+)(?::(\d{1,5}))?$/.exec(text.toLowerCase()) ?? [];
    const port = digits === undefined ? inspectorPort : Number(digits);
    const isPort = port === 0 || (port >= 1024 && port <= 65_535);
    if (isRole(name) && isPort) return [name, port];
    const form = `SERVICE or SERVICE:PORT, with a service of ${roleNames.join(", ")} and 0 or a port from 1024 to 65535`;
    throw wrongFlag(flag, form, text, isRole(name) ? "" : didYouMean(name, roleNames));
  };
}

function isRole(word: string): word is RoleName {
  return roleNames.some((name) => name === word);
}
