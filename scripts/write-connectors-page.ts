/** `npm run docs:connectors`: writes docs/connectors.md anew. */

import { writeFileSync } from 'node:fs';
import { connectorsPage } from './connectors-page.ts';

writeFileSync(new URL('../docs/connectors.md', import.meta.url), await connectorsPage());
