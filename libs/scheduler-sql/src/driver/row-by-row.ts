/**
 * As the one parameter of a query: values of many rows, for each of which the statement is carried out. Binding
 * values is several times cheaper in SQLite than reading them out of JSON.
 */
export class RowByRow {
  constructor(readonly rows: readonly (readonly unknown[])[]) {}
}

export const rowsOf = ([first]: readonly unknown[]): RowByRow['rows'] | null =>
  first instanceof RowByRow ? first.rows : null;
