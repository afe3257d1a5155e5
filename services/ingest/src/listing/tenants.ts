import type { DatabaseSync } from "node:sqlite";

/** The numbers of the tenants in the table. */
export type Tenants = {
  /** Returns the tenant's number, a new one for a new tenant. */
  add(name: string): number;
  find(name: string): number | undefined;
  nameOf(id: number): string | undefined;
};

/** Creates the table `tenants`. */
export function createTenants(db: DatabaseSync): Tenants {
  db.exec("CREATE TABLE tenants (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)");
  const insert = db.prepare("INSERT INTO tenants (name) VALUES (?) ON CONFLICT DO NOTHING");
  const selectId = db.prepare("SELECT id FROM tenants WHERE name = ?");
  const selectName = db.prepare("SELECT name FROM tenants WHERE id = ?");
  const find = (name: string) => selectId.get(name)?.id as number | undefined;
  return {
    add(name) {
      const known = find(name);
      if (known !== undefined) return known;
      insert.run(name);
      return find(name) as number;
    },
    find,
    nameOf: (id) => selectName.get(id)?.name as string | undefined,
  };
}
