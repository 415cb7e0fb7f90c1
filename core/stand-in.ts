/** Texts that stand in for data: of the same form, so that what is wrong with it still is, but telling no value. */

/** Letters become `x`, digits `1`; signs, blanks and line ends stay. */
export function standIn(text: string): string {
  return text.replace(/[\p{L}\p{M}]/gu, 'x').replace(/\p{N}/gu, '1');
}

/**
 * The same for JSON, whole, cut off or broken: literals and escapes stay JSON's, numbers stay numbers.
 *
 * @param keep texts that may be shown: names of members, words that tell an error
 */
export function jsonStandIn(text: string, keep: ReadonlySet<string> = new Set()): string {
  return text.replace(
    /"((?:[^"\\]|\\.)*)("|$)|\b(?:true|false|null)\b|-?\d[\d.]*(?:[eE][+-]?\d+)?|[^"]/gsu,
    (part: string, inside: string | undefined, end: string | undefined) => {
      if (inside === undefined) {
        if (/^-?\d/.test(part)) return part.replace(/\d/g, '1');
        return /^(?:true|false|null)$/.test(part) ? part : standIn(part);
      }
      return keep.has(unescaped(inside))
        ? part
        : `"${inside.replace(/\\u[\da-f]{4}|\\.|[^\\]+/gis, escapeOr)}${end}`;
    },
  );
}

function escapeOr(part: string): string {
  if (!part.startsWith('\\')) return standIn(part);
  return /^\\u[\da-f]{4}/i.test(part) ? '\\u0078' : part;
}

function unescaped(inside: string): string {
  try {
    return JSON.parse(`"${inside}"`) as string;
  } catch {
    return inside;
  }
}
