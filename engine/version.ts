import manifest from '../package.json' with { type: 'json' };

/** Of the product, as its package has it. */
export const version: string = manifest.version;
