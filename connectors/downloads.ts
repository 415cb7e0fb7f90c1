/**
 * The connectors with an answer that is a file: their functions need a larger disk, and a construct cannot wait for a
 * declaration to load. A test compares this with the declarations.
 */
export const downloadingConnectors: readonly string[] = ['Amplitude', 'Mixpanel'];
