import type { ComponentChildren } from "preact";

/** A row of a table: what tells it apart, and its cells. */
export type TableRow = { readonly key: string; readonly cells: readonly ComponentChildren[] };

/** A table with a caption for screen readers. On a narrow screen each row becomes a block, with the name of the column before each cell. */
export function DataTable(props: {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
}) {
  const { caption, columns, rows } = props;
  return (
    <table>
      <caption class="sr-only">{caption}</caption>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells }) => (
          <tr key={key}>
            {cells.map((cell, index) => (
              <td key={columns[index]} data-column={columns[index]}>
                {cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
