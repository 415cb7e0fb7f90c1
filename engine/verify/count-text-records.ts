/** Counts the records of a text file as it streams by, by decoding them: not a line is taken for a record unread. */

export interface RecordCounter {
  push(chunk: Uint8Array): void;
  /** @throws Undecodable if the file breaks off within a record */
  end(): number;
}

/** What is in the file is not of its format; the message says where and tells no value. */
export class Undecodable extends Error {}

const lineFeed = 0x0a;
const quote = 0x22;
const comma = 0x2c;

/** JSON Lines: an object a line, each line ended. */
export function jsonLinesCounter(): RecordCounter {
  let begun: Uint8Array[] = [];
  let records = 0;
  const line = (end: Uint8Array): void => {
    const text = Buffer.concat([...begun, end]).toString();
    begun = [];
    records++;
    if (!isObject(text)) throw new Undecodable(`line ${records} is no JSON object`);
  };
  return {
    push(chunk) {
      let from = 0;
      for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
        line(chunk.subarray(from, at));
        from = at + 1;
      }
      if (from < chunk.length) begun.push(chunk.subarray(from));
    },
    end() {
      if (begun.length > 0) throw new Undecodable(`line ${records + 1} breaks off`);
      return records;
    },
  };
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/**
 * CSV as RFC 4180 has it: line breaks and commas within quotes are data. The first record is the header, and each of the
 * others has as many cells.
 */
export function csvCounter(): RecordCounter {
  let records = 0;
  let columns = 0;
  let cells = 1;
  let quoted = false;
  let empty = true;
  const record = (): void => {
    if (records === 0) columns = cells;
    else if (cells !== columns)
      throw new Undecodable(`record ${records} has ${cells} cells, the header ${columns}`);
    records++;
    cells = 1;
    empty = true;
  };
  return {
    push(chunk) {
      for (const byte of chunk) {
        if (byte === lineFeed && !quoted) {
          record();
          continue;
        }
        empty = false;
        // A doubled quote leaves the cell and enters it again.
        if (byte === quote) quoted = !quoted;
        else if (byte === comma && !quoted) cells++;
      }
    },
    end() {
      if (!empty) throw new Undecodable(`record ${records} breaks off`);
      if (records === 0) throw new Undecodable('there is no header');
      return records - 1;
    },
  };
}
