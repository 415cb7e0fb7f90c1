import type { FlowInput } from './definition.ts';

/**
 * A flow written in TypeScript, checked by the compiler as it is typed. It is validated when it is read (`checkFlow`),
 * not here: importing a module must not throw.
 *
 * @example export const orders = defineFlow({ flowName: 'orders', triggerConfig: { triggerType: 'OnDemand' }, … });
 */
export function defineFlow(flow: FlowInput): FlowInput {
  return flow;
}
