import { DuckDBInstance } from '@duckdb/node-api';

/** A column of the output and what its values are to be equal to. */
export interface ComparedColumn {
  readonly name: string;
  /** DuckDB's type of it in the Parquet files. */
  readonly type: string;
  /** SQL of the value in the output; default: the column. */
  readonly output?: string;
  /** SQL of the value in the truth, of whose texts each column is named as here; default: its text cast to `type`. */
  readonly truth?: string;
}

export interface Comparison {
  readonly rows: { readonly output: number; readonly truth: number };
  /** The output's columns and their types. */
  readonly types: Readonly<Record<string, string>>;
  /** What differs and in how many rows; `{}` if each row of either side is in the other with equal values. */
  readonly differences: Readonly<Record<string, number>>;
}

/**
 * Compares Parquet files with the truth in DuckDB, which has a reader and types of its own.
 *
 * @param truth SQL of the truth's relation, all columns texts
 * @param key the column by which rows of both are matched, unique in the truth
 */
export async function compare(
  files: readonly string[],
  truth: string,
  key: string,
  columns: readonly ComparedColumn[],
): Promise<Comparison> {
  const output = `read_parquet([${files.map(quote).join(', ')}], hive_partitioning = false)`;
  const names = columns.map(({ name }) => `"${name}"`);
  const instance = await DuckDBInstance.create();
  const duck = await instance.connect();
  const query = async (sql: string) => (await duck.runAndReadAll(sql)).getRowObjectsJson();
  try {
    const described = await query(`DESCRIBE SELECT * FROM ${output}`);
    await query(
      `CREATE TABLE output AS SELECT ${columns.map(({ name, output }) => `${output ?? `"${name}"`} AS "${name}"`).join(', ')} FROM ${output}`,
    );
    await query(
      `CREATE TABLE truth AS SELECT ${columns.map(({ name, type, truth }) => `${truth ?? `CAST("${name}" AS ${type})`} AS "${name}"`).join(', ')} FROM ${truth}`,
    );
    const [counts] = await query(
      `SELECT (SELECT count(*) FROM output)::INTEGER AS output, (SELECT count(*) FROM truth)::INTEGER AS truth`,
    );
    const [sums] = await query(
      `SELECT count(*) FILTER (WHERE t."${key}" IS NULL)::INTEGER AS "rows of the output alone",
         count(*) FILTER (WHERE o."${key}" IS NULL)::INTEGER AS "rows of the truth alone",
         ${names.map((name) => `count(*) FILTER (WHERE o.${name} IS DISTINCT FROM t.${name} AND t."${key}" = o."${key}")::INTEGER AS ${name}`).join(', ')}
       FROM output o FULL JOIN truth t ON o."${key}" = t."${key}"`,
    );
    return {
      rows: { output: Number(counts?.output), truth: Number(counts?.truth) },
      types: Object.fromEntries(described.map((row) => [String(row.column_name), String(row.column_type)])),
      differences: Object.fromEntries(
        Object.entries(sums ?? {}).flatMap(([name, count]) => (count === 0 ? [] : [[name, Number(count)]])),
      ),
    };
  } finally {
    duck.closeSync();
    instance.closeSync();
  }
}

export const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
