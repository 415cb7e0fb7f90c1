/** A process of its own that wants the access token of a connection: HOME ENDPOINT. Prints the token. */

import { oauth2 } from '../../core/connector/auth.ts';
import { accessTokens } from '../../engine/credentials/access-token.ts';
import { localHome } from '../../local/home.ts';

const [home = '', endpoint = ''] = process.argv.slice(2);
const ports = localHome({
  home,
  connectionFolders: [`${home}/connections`],
  loadConnector: async () => undefined,
});
const grant = oauth2({
  authorizeUrl: `${endpoint}/authorize`,
  tokenUrl: `${endpoint}/token`,
  scopes: [],
  rotatesRefreshToken: true,
});
console.log((await accessTokens(ports, 'crm')(grant)).token);
process.exit();
