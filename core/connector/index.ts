/** The connector format. */
export * from './auth.ts';
export * from './check.ts';
export * from './connector.ts';
export * from './description.ts';
export * from './discovery.ts';
export * from './fields.ts';
export * from './job.ts';
export * from './list-request.ts';
export * from './loaded.ts';
export * from './odata.ts';
export * from './pagination.ts';
export * from './shapes.ts';
export * from './write.ts';
