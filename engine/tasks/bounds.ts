/** What Filter and Validate tasks ask, as far as wasm/checks.ts can tell it of most cells: how a value relates to a bound. */

import type { ValidationOperator } from '../../core/operators.ts';
import type { FieldType } from '../../core/records.ts';
import type { FilterCondition } from '../../core/source.ts';
import { cellType } from '../block.ts';
import { isCanonicalDateTime } from './date-time.ts';
import { isNumeric } from './field-type.ts';
import { shortNumber } from './filter.ts';

export interface Bound {
  /** What is compared. */
  readonly type: (typeof cellType)['text' | 'boolean' | 'real' | 'time'];
  /** A text if texts are compared; times are milliseconds, and true is 1. */
  readonly bound: number | string;
  /** Sum of the relations that pass. */
  readonly passing: number;
}

const below = 1;
const equal = 2;
const above = 4;
/** Null; and an empty text where something else than texts is compared. */
const missing = 8;

export const validationBounds: Readonly<Record<ValidationOperator, Bound>> = {
  VALIDATE_NON_NULL: { type: cellType.text, bound: '', passing: above },
  VALIDATE_NON_ZERO: { type: cellType.real, bound: 0, passing: below + above + missing },
  VALIDATE_NON_NEGATIVE: { type: cellType.real, bound: 0, passing: equal + above + missing },
  VALIDATE_NUMERIC: { type: cellType.real, bound: 0, passing: below + equal + above + missing },
};

/** All of them have to be met. `undefined`: it cannot be told so. */
export function filterBounds({ operator, type, values }: FilterCondition): Bound[] | undefined {
  const passing = passingOf(operator, values.length);
  if (passing === undefined) return undefined;
  const bounds: Bound[] = [];
  for (const [index, value] of values.entries()) {
    const bound = boundOf(type, value);
    if (!bound) return undefined;
    bounds.push({ ...bound, passing: passing[index] ?? passing[0] });
  }
  return bounds;
}

/** For the bounds in turn; the first for further ones, too. */
function passingOf(
  operator: FilterCondition['operator'],
  values: number,
): readonly [number, ...number[]] | undefined {
  switch (operator) {
    case 'EQUAL_TO':
      return values === 1 ? [equal] : undefined;
    case 'NOT_EQUAL_TO':
      return [below + above + missing];
    case 'LESS_THAN':
      return [below];
    case 'LESS_THAN_OR_EQUAL_TO':
      return [below + equal];
    case 'GREATER_THAN':
      return [above];
    case 'GREATER_THAN_OR_EQUAL_TO':
      return [equal + above];
    case 'BETWEEN':
      return [equal + above, below + equal];
    case 'CONTAINS':
      return undefined;
  }
}

function boundOf(type: FieldType, value: string): Omit<Bound, 'passing'> | undefined {
  if (isNumeric(type)) {
    const bound = shortNumber(value);
    return bound === undefined ? undefined : { type: cellType.real, bound };
  }
  switch (type) {
    case 'Boolean':
      return { type: cellType.boolean, bound: Number(value === 'true') };
    case 'DateTime':
      return isCanonicalDateTime(value) ? { type: cellType.time, bound: Date.parse(value) } : undefined;
    case 'Date':
      return undefined;
    default:
      // Others do not sort by their bytes as by their UTF-16 units.
      return isAscii.test(value) ? { type: cellType.text, bound: value } : undefined;
  }
}

const isAscii = /^\p{ASCII}*$/u;
