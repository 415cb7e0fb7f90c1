/** The vocabulary: what connectors and users of the library import as `#core`. */
export * from './connector/index.ts';
export * from './destination.ts';
export * from './errors.ts';
export * from './operators.ts';
export * from './ports.ts';
export * from './records.ts';
export * from './source.ts';
