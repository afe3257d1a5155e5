import type { Field } from "@pixelmesh/config";
import { roleNames } from "@pixelmesh/roles";
import { fieldsOf } from "../../deploy/src/chart-files.ts";
import { toCode, toPage, toTable } from "./markdown.ts";

type Setting = { readonly field: Field<unknown>; readonly roles: string[] };

/** Every setting once: variable, default, form, meaning, and the roles that read it. */
export function settingsPage(): string {
  const settings = new Map<string, Setting>();
  for (const role of roleNames) {
    for (const field of Object.values(fieldsOf[role] ?? {})) {
      const known = settings.get(field.variable);
      if (known) known.roles.push(role);
      else settings.set(field.variable, { field, roles: [role] });
    }
  }
  const all = [...settings.values()].sort((a, b) => (a.field.variable < b.field.variable ? -1 : 1));
  const shared = all.filter(({ roles }) => roles.length > 1);
  const sections = roleNames.flatMap((role) => {
    const own = all.filter(({ roles }) => roles.length === 1 && roles[0] === role);
    return own.length === 0 ? [] : [`## Only ${role}`, toRows(own, false)];
  });
  return toPage("Settings", "the fields of each role", [
    "Settings are environment variables. `pixelmesh config` shows the values of your environment. A wrong value is reported by name and keeps a process from starting.",
    "## Shared by several roles",
    toRows(shared, true),
    ...sections,
  ]);
}

function toRows(settings: readonly Setting[], showsRoles: boolean): string {
  const head = ["variable", "default", "form", ...(showsRoles ? ["roles"] : []), "meaning"];
  const rows = settings.map(({ field, roles }) => [
    toCode(field.variable),
    field.defaultDoc ?? toCode(field.secret ? "" : (field.defaultText ?? "")),
    field.form,
    ...(showsRoles ? [roles.length === roleNames.length ? "all" : roles.join(", ")] : []),
    field.doc,
  ]);
  return toTable(head, rows);
}
