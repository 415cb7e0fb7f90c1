/**
 * The connectors some of whose entities can be read by a job (`job`), and so by a flow with `dataTransferApi` ASYNC: flows are
 * judged before a declaration is loaded. A test compares this with the declarations.
 */
export const jobConnectors: readonly string[] = ['Marketo', 'Salesforce'];
