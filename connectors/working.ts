/**
 * The connectors of files (those of `downloadingConnectors` too) and databases, whose records come faster than they are mapped
 * and encoded: their functions get a whole vCPU, those of the others wait for an API most of their time. A construct cannot wait
 * for a declaration to load; a test compares this with the declarations.
 */
export const workingConnectors: readonly string[] = ['Amplitude', 'JDBC', 'Mixpanel', 'S3'];
