/** The constructs, for use in a CDK app of one's own. */
export type { ConnectionDefinition } from '../core/connection.ts';
export { type ConnectorRegistration, readRegistration } from '../core/custom-connector/registration.ts';
export { defineFlow } from '../core/flow/define-flow.ts';
export type { FlowDefinition, FlowInput } from '../core/flow/definition.ts';
export * from './connector-profile.ts';
export * from './flow.ts';
export * from './platform.ts';
