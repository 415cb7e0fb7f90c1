/** A process that does nothing but tell what it has used: what others are measured by. */

import { ownUsage } from './usage.ts';

console.log(JSON.stringify(ownUsage()));
