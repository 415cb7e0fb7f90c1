import { execFile } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { localSecrets, localVault, secretFiles } from '../../local/secrets.ts';
import { type OAuthOptions, oauthVendor } from '../support/oauth-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);
const noFile = async () => ({});

describe('a file of credentials', () => {
  it('is for its owner alone, and whole', async () => {
    const home = temporaryFolder();
    const files = secretFiles(home);
    await files.put('my crm', { apiKey: 'k-1' });
    await files.put('my crm', { apiKey: 'k-2' });
    expect(readdirSync(path.join(home, 'secrets'))).toEqual(['my%20crm.json']);
    expect(modeOf(path.join(home, 'secrets'))).toBe('700');
    expect(modeOf(path.join(home, 'secrets', 'my%20crm.json'))).toBe('600');
    expect(await files.read('my crm')).toEqual({ apiKey: 'k-2' });
    await files.remove('my crm');
    await files.remove('my crm');
    expect(await files.read('my crm')).toBeUndefined();
  });

  it('that others may read is refused', async () => {
    const home = temporaryFolder();
    const file = path.join(home, 'secrets', 'crm.json');
    await secretFiles(home).put('crm', { apiKey: 'k-1' });
    chmodSync(file, 0o640);
    await expect(secretFiles(home).read('crm')).rejects.toMatchObject({
      code: 'AccessDenied',
      message: `${file}: others may read this secret; got mode 0640; expected mode 0600; chmod 600 ${file}`,
    });
  });

  it('of something else is refused without being shown', async () => {
    const home = temporaryFolder();
    await mkdir(path.join(home, 'secrets'));
    for (const text of ['hunter2', '["hunter2"', '{"password":["hunter2"]}']) {
      await writeFile(path.join(home, 'secrets', 'crm.json'), text, { mode: 0o600 });
      const error = await secretFiles(home)
        .read('crm')
        .catch((thrown: Error) => thrown);
      expect(error).toMatchObject({ code: 'InvalidCredentials' });
      expect(String(error)).not.toContain('hunter2');
    }
  });
});

describe('the secrets of a home', () => {
  it('come from the environment where the connection refers to it', async () => {
    const files = secretFiles(temporaryFolder());
    await files.put('crm', { apiKey: 'of the file' });
    const fromEnv = async () => ({ credentials: { apiKey: '${env:CRM_KEY}' } });
    expect(await localSecrets(files, fromEnv, { CRM_KEY: 'of the environment' }).read('crm')).toEqual({
      apiKey: 'of the environment',
    });
    expect(await localSecrets(files, noFile, {}).read('crm')).toEqual({ apiKey: 'of the file' });
  });

  it('cannot change an environment variable', async () => {
    const fromEnv = async () => ({ credentials: { refreshToken: '${env:TOKEN}' } });
    const secrets = localSecrets(secretFiles(temporaryFolder()), fromEnv, { TOKEN: 'r-1' });
    await expect(secrets.update('crm', { refreshToken: 'r-2' }, { refreshToken: 'r-1' })).rejects.toThrow(
      'connection crm: an environment variable cannot keep a new refresh token; remove `credentials` from its file, then run `tributary connection edit crm`',
    );
  });

  it('are replaced only where they are as they were read', async () => {
    const files = secretFiles(temporaryFolder());
    const secrets = localSecrets(files, noFile, {});
    await files.put('crm', { clientId: 'c', refreshToken: 'r-1' });
    await secrets.update('crm', { refreshToken: 'r-2' }, { refreshToken: 'r-1' });
    expect(await secrets.read('crm')).toEqual({ clientId: 'c', refreshToken: 'r-2' });
    await secrets.update('crm', { refreshToken: 'r-2' }, { refreshToken: 'r-1' });
    await expect(
      secrets.update('crm', { refreshToken: 'r-3' }, { refreshToken: 'r-1' }),
    ).rejects.toMatchObject({ code: 'StateConflict' });
    await files.remove('crm');
    await expect(secrets.update('crm', { refreshToken: 'r-3' }, {})).rejects.toMatchObject({
      code: 'StateConflict',
    });
    await expect(secrets.read('crm')).rejects.toThrow('give them with `tributary connection edit crm`');
  });
});

describe('the vault of a home', () => {
  it('opens what it has sealed, for the same connection and key alone', async () => {
    const home = temporaryFolder();
    const sealed = await localVault(home).seal('the token', 'crm');
    expect(sealed).not.toContain('token');
    expect(await localVault(home).open(sealed, 'crm')).toBe('the token');
    expect(await localVault(home).open(sealed, 'erp')).toBeUndefined();
    expect(await localVault(home).open(`${sealed.slice(0, -4)}AAAA`, 'crm')).toBeUndefined();
    expect(await localVault(home).open('', 'crm')).toBeUndefined();
    expect(await localVault(temporaryFolder()).open(sealed, 'crm')).toBeUndefined();
    expect(modeOf(path.join(home, 'secrets', '.key'))).toBe('600');
  });

  it('has one key, whoever comes first', async () => {
    const home = temporaryFolder();
    const vaults = Array.from({ length: 10 }, () => localVault(home));
    const sealed = await Promise.all(vaults.map((vault, i) => vault.seal(`token ${i}`, 'crm')));
    const opened = await Promise.all(sealed.map((text) => localVault(home).open(text, 'crm')));
    expect(opened).toEqual(sealed.map((_, i) => `token ${i}`));
    expect(readdirSync(path.join(home, 'secrets'))).toEqual(['.key']);
  });
});

describe('processes that share a connection', { timeout: 120_000 }, () => {
  const worker = ['--import', 'tsx', 'test/local/token-worker.ts'];

  async function setup(options: OAuthOptions) {
    const home = temporaryFolder();
    const vendor = oauthVendor({ rotates: true, ...options });
    const server = await vendor.listen();
    onTestFinished(() => server.close());
    await mkdir(path.join(home, 'connections'));
    await writeFile(
      path.join(home, 'connections', 'crm.yaml'),
      'connectorProfileName: crm\nconnectorType: CustomConnector\nconnectorLabel: CRM\n',
    );
    const files = secretFiles(home);
    const refreshToken = vendor.consent();
    await files.put('crm', { clientId: 'client-1', clientSecret: 'hush-hush-secret', refreshToken });
    const args = [...worker, home, server.endpoint];
    return {
      home,
      vendor,
      files,
      refreshToken,
      run: async (): Promise<string> => (await promisify(execFile)(process.execPath, args)).stdout.trim(),
    };
  }

  it('ask the vendor once for a new token, and all get it', async () => {
    const { home, vendor, files, refreshToken, run } = await setup({ delay: 2_000 });
    const tokens = await Promise.all([run(), run(), run()]);
    expect(tokens[0]).toMatch(/^access-/);
    expect(new Set(tokens).size).toBe(1);
    expect(vendor.tokenRequests.map((request) => request.refresh_token)).toEqual([refreshToken]);
    const kept = await files.read('crm');
    expect(vendor.isGood(kept?.refreshToken ?? '')).toBe(true);
    // Nothing but the refresh token and the client's secret is on the disk, and they in one file alone.
    await rm(path.join(home, 'secrets', 'crm.json'));
    for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const content = readFileSync(path.join(entry.parentPath, entry.name), 'latin1');
      for (const secret of vendor.secrets) expect(content, entry.name).not.toContain(secret);
    }
  });
});
