/**
 * One connector loaded as a function does, in a process of its own: `node load-connector.mjs NAME`. Prints, as JSON, how many
 * milliseconds the function's own start took, and the connector after it.
 */

const begun = performance.now();
await import('../lambdas/transfer.ts');
const started = performance.now();
const { loadConnector } = await import('../connectors/registry.ts');
const [, , name = ''] = process.argv;
if (!(await loadConnector(name))) throw new Error(`no connector '${name}'`);
console.log(JSON.stringify({ start: started - begun, connector: performance.now() - started }));
