/** AppFlow's operators (API model, section 6.1 of the CreateFlow reference), grouped by the task that takes them. */

export const filterOperators = [
  'EQUAL_TO',
  'NOT_EQUAL_TO',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL_TO',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL_TO',
  'BETWEEN',
  'CONTAINS',
] as const;
export type FilterOperator = (typeof filterOperators)[number];

export const arithmeticOperators = ['ADDITION', 'SUBTRACTION', 'MULTIPLICATION', 'DIVISION'] as const;
export type ArithmeticOperator = (typeof arithmeticOperators)[number];

export const maskOperators = ['MASK_ALL', 'MASK_FIRST_N', 'MASK_LAST_N'] as const;
export type MaskOperator = (typeof maskOperators)[number];

export const validationOperators = [
  'VALIDATE_NON_NULL',
  'VALIDATE_NON_ZERO',
  'VALIDATE_NON_NEGATIVE',
  'VALIDATE_NUMERIC',
] as const;
export type ValidationOperator = (typeof validationOperators)[number];

export const operators = [
  'PROJECTION',
  ...filterOperators,
  ...arithmeticOperators,
  ...maskOperators,
  ...validationOperators,
  'NO_OP',
] as const;
export type Operator = (typeof operators)[number];
