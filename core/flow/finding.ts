import { type ErrorCode, TributaryError, TributaryErrors } from '../errors.ts';

/** One mistake in a document. */
export interface Finding {
  /** `tasks[3].connectorOperator.S3`, `line 7`, or nothing for the document as a whole. */
  readonly at: string;
  readonly problem: string;
  readonly got?: unknown;
  readonly expected?: string | undefined;
  readonly fix?: string | undefined;
}

export type Path = readonly (string | number)[];

/** `tasks[3].connectorOperator.S3`; keys that are no plain words are quoted. */
export function pathText(path: Path): string {
  return path
    .map((part, i) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[\w-]+$/.test(part)) return `[${JSON.stringify(part)}]`;
      return i === 0 ? part : `.${part}`;
    })
    .join('');
}

export function toError(code: ErrorCode, finding: Finding, fileName?: string): TributaryError {
  const at = [fileName, finding.at].filter(Boolean).join(': ');
  return new TributaryError(code, finding.problem, {
    ...(at && { at }),
    ...('got' in finding && { got: shorten(finding.got) }),
    ...(finding.expected && { expected: finding.expected }),
    ...(finding.fix && { fix: finding.fix }),
  });
}

/** @throws TributaryErrors with all findings, if there are any. */
export function throwAny(code: ErrorCode, findings: readonly Finding[], fileName?: string): void {
  if (findings.length === 0) return;
  throw new TributaryErrors(
    code,
    findings.map((finding) => toError(code, finding, fileName)),
  );
}

/** A value as it may stand in a message: JSON, at most 60 characters. */
export function shorten(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

/** `did you mean 'x'?` for a slip of up to a third of the word, else undefined. Letter case counts for nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3));
  const [best] = candidates
    .map((candidate) => ({ candidate, slips: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ slips }) => slips <= limit)
    .sort((a, b) => a.slips - b.slips);
  return best && `did you mean '${best.candidate}'?`;
}

/** Damerau-Levenshtein (optimal string alignment): insertions, deletions, substitutions, swaps of neighbours. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (beforeLast[j - 2] ?? best) + 1);
      row.push(best);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
