// Tables that become cards where there is no room: every cell carries the name of its column.

import { html } from "../vendor/preact.js";

/**
 * A table. `columns` are `{ name, cell(row), numeric, wide, head }`; `head` marks the cell
 * that a row is known by. `empty` is shown where there are no rows.
 */
export function Table({ label, columns, rows, keyOf, empty, rowClass }) {
  if (rows.length === 0) return empty;
  return html`<div class="table-scroll" tabindex="0" role="group" aria-label=${label}>
    <table>
      <caption class="hidden">${label}</caption>
      <thead><tr>
        ${columns.map((column) => html`<th key=${column.name} scope="col" class=${column.numeric ? "num" : ""}>${column.name}</th>`)}
      </tr></thead>
      <tbody>
        ${rows.map(
          (row, at) => html`<tr key=${keyOf ? keyOf(row) : at} class=${rowClass ? rowClass(row) : ""}>
            ${columns.map((column) => html`<${Cell} key=${column.name} column=${column} row=${row} />`)}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function Cell({ column, row }) {
  const look = [column.numeric && "num", column.wide && "wide", column.head && "head"].filter(Boolean).join(" ");
  const content = html`<span class="cell">${column.cell(row)}</span>`;
  return column.head
    ? html`<th scope="row" class=${look} data-label=${column.name}>${content}</th>`
    : html`<td class=${look} data-label=${column.name}>${content}</td>`;
}
