/** What a run does to every record, as plain data: `plan.ts` makes it of a task list, `compile.ts` makes functions of it. */

import type { ArithmeticOperator, ValidationOperator } from '../../core/operators.ts';
import type { DestinationField, FieldType, SourceField } from '../../core/records.ts';
import type { FilterCondition } from '../../core/source.ts';
import type { ConvertedType } from './convert.ts';
import type { Edit, PartEdit } from './edit.ts';

export interface PlanOptions {
  readonly fileType: 'CSV' | 'JSON' | 'PARQUET';
  /** Parquet columns get types instead of being text. */
  readonly preserveSourceDataTyping: boolean;
  /** Destination field → its nested type in Hive's words; others hold what is nested as JSON text. Of typed Parquet alone. */
  readonly nestedTypes?: Readonly<Record<string, string>>;
  /** What the destination's fields hold, where it has types of its own: values become of these, or their record is refused. */
  readonly destinationTypes?: Readonly<Record<string, FieldType>>;
  /** Fields that the run needs beside the tasks' (of the pull window, of the record's key); they come last. */
  readonly alsoRead?: readonly string[];
  /** Request parameters of the vendor that Filter tasks may name; no task reads them, and Map_all does not map them. */
  readonly parameters?: readonly SourceField[];
  /** The catalog's table has the partition fields as its partition keys: Parquet files then leave them out. */
  readonly partitionColumnsInCatalog?: boolean;
  /**
   * MASK_ALL writes exactly MASK_LENGTH characters where that is given. Default false: as many as the value has, which
   * tells its length. (AppFlow's console writes MASK_LENGTH for MASK_ALL too; what AppFlow makes of it is not documented.)
   */
  readonly fixedMaskLength?: boolean;
}

/** What a run does to every record; plain data. */
export interface TaskPlan {
  /** The read set. `['*']`: the record as a whole, all else is found in it by path ({@link PlanOptions.alsoRead} too). */
  readonly readFields: readonly string[];
  /** As `filterConditions` gives them. */
  readonly filters: readonly FilterCondition[];
  /** For each filter: its task and what it looks at. */
  readonly filterChecks: readonly { readonly task: number; readonly at: Place }[];
  readonly validations: readonly Validation[];
  /** The columns of the output; none if no task maps anything. One field named `*` stands for the whole record (JSON). */
  readonly destinationFields: readonly DestinationField[];
  /** Names of the partition fields, in the order of the folders. */
  readonly partitionFields: readonly string[];
  /** Where each partition field's value lies in a row; those that are no column follow behind the columns. */
  readonly partitionIndexes: readonly number[];
  /** How the values of a row are made: the destination fields', then those of partition fields that are no column. */
  readonly columns: readonly Column[];
}

/** Where a value is found: an index into `readFields`, and for a part of that field the path below it. */
export interface Place {
  readonly index: number;
  readonly path?: string;
}

export interface Validation {
  readonly task: number;
  readonly operator: ValidationOperator;
  readonly field: string;
  readonly at: Place;
  readonly terminates: boolean;
}

export type Expression =
  | {
      readonly kind: 'field';
      readonly at: Place;
      readonly from: ConvertedType;
      readonly edits: readonly Edit[];
      readonly parts: readonly PartEdit[];
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly operands: readonly Expression[];
      readonly type: FieldType;
      readonly edits: readonly Edit[];
    }
  | {
      readonly kind: 'merge';
      readonly parts: readonly (string | Expression)[];
      readonly edits: readonly Edit[];
    };

/** The whole record with parts of it edited or removed, and fields set. */
export interface WholeRecord {
  readonly kind: 'record';
  readonly parts: readonly PartEdit[];
  readonly set: readonly Column[];
}

export interface Column {
  readonly name: string;
  readonly value: Expression | WholeRecord;
  /** Absent: the value is handed on as it is. */
  readonly convert?: {
    readonly from: ConvertedType;
    readonly to: ConvertedType & Pick<DestinationField, 'type' | 'inner'>;
  };
}
