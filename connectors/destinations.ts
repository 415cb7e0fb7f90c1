/**
 * The connectors that take records (`write`), by the names that flows have for them: flows are judged before a declaration is
 * loaded. A test compares this with the declarations.
 */
export const destinationConnectors: readonly string[] = ['Marketo', 'Salesforce'];
