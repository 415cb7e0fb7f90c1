/**
 * Thrift's compact protocol, as far as Parquet's page headers and footer need it
 * (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md). Integers are non-negative here.
 */

import { type ByteWriter, byteWriter } from './byte-writer.ts';

export interface ThriftValue {
  /** The protocol's type code of a struct's field; `true` and `false` are types of their own. */
  readonly code: number;
  write(out: ByteWriter): void;
}

const listCode = 9;
const structCode = 12;

const integer =
  (code: number) =>
  (value: number): ThriftValue => ({ code, write: (out) => out.varint(2 * value) });

export const i32 = integer(5);
/** Up to 2^52, which no file's offset reaches. */
export const i64 = integer(6);

export function bool(value: boolean): ThriftValue {
  return { code: value ? 1 : 2, write: () => {} };
}

export function binary(value: Uint8Array | string): ThriftValue {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return {
    code: 8,
    write(out) {
      out.varint(bytes.length);
      out.bytes(bytes);
    },
  };
}

/** @param values of one type each; never empty in Parquet */
export function list(values: readonly ThriftValue[]): ThriftValue {
  return {
    code: listCode,
    write(out) {
      const code = values[0]?.code ?? structCode;
      out.byte((Math.min(values.length, 15) << 4) | code);
      if (values.length >= 15) out.varint(values.length);
      for (const value of values) value.write(out);
    },
  };
}

/** @param fields by id, fewer than 16 apart; those that are undefined are left out */
export function struct(fields: Readonly<Record<number, ThriftValue | undefined>>): ThriftValue {
  return {
    code: structCode,
    write(out) {
      let previous = 0;
      // Integer keys come in ascending order, whatever order they were written in.
      for (const [key, field] of Object.entries(fields)) {
        if (field === undefined) continue;
        const id = Number(key);
        out.byte(((id - previous) << 4) | field.code);
        field.write(out);
        previous = id;
      }
      out.byte(0);
    },
  };
}

export function thriftBytes(value: ThriftValue): Uint8Array {
  const out = byteWriter();
  value.write(out);
  return out.written();
}
