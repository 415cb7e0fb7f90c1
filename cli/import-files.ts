/** Reads what an import is given: files and folders of AWS's, CloudFormation's, CDK's and Terraform's tools. */

import * as fs from 'node:fs/promises';
import path from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { parseDocument } from '../core/flow/read.ts';
import { foundInDocument } from '../core/import/document.ts';
import type { Found } from '../core/import/found.ts';
import { templateTags } from '../core/import/template-tags.ts';
import { foundInModule } from '../core/import/terraform-module.ts';
import type { LoadModule, ModuleFile } from '../core/import/terraform-scope.ts';
import { type Given, isMembers, type Members } from '../core/import/unresolved.ts';
import { errnoOf, fileError } from '../local/files.ts';
import { readTextFile } from './context.ts';

/** @throws InvalidArgument for a file that is not there; FlowInvalid for one that cannot be parsed */
export async function readImportFiles(paths: readonly string[], given: Given): Promise<Found[]> {
  const found: Found[] = [];
  /** Terraform's files by folder: one module each. */
  const modules = new Map<string, string[]>();
  for (const file of await filesOf(paths)) {
    if (isTerraform(file)) {
      const folder = path.dirname(file);
      modules.set(folder, [...(modules.get(folder) ?? []), file]);
    } else {
      const document = parseDocument(await readTextFile(file), file, 'FlowInvalid', templateTags);
      found.push(...foundInDocument(document, file, given));
    }
  }
  for (const files of modules.values()) found.push(...(await readModule(files, given)));
  return found;
}

const isTerraform = (file: string): boolean => /\.tf(?:vars)?(?:\.json)?$/.test(file);

/** The files that are named, and those of folders that an import can mean. */
async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const one of paths) {
    const entries = await fs.readdir(one, { withFileTypes: true }).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOTDIR') return undefined;
      if (errnoOf(error) === 'ENOENT')
        throw new TributaryError('InvalidArgument', 'there is no such file', { at: one });
      throw fileError(error, one);
    });
    if (!entries) {
      files.push(one);
      continue;
    }
    const inFolder = await folderFiles(
      one,
      entries.filter((entry) => entry.isFile()).map(({ name }) => name),
    );
    if (inFolder.length === 0) {
      throw new TributaryError('InvalidArgument', 'there is nothing to import in this folder', {
        at: one,
        expected: 'a cdk.out folder, a Terraform module, or JSON and YAML files',
      });
    }
    files.push(...inFolder);
  }
  return files;
}

async function folderFiles(folder: string, names: readonly string[]): Promise<string[]> {
  const here = (matching: RegExp) => names.filter((name) => matching.test(name)).sort();
  // What `cdk synth` writes; the templates of stages are in folders of their own.
  if (names.includes('cdk.out')) {
    const all = await fs.readdir(folder, { recursive: true });
    return all
      .filter((name) => name.endsWith('.template.json'))
      .sort()
      .map((name) => path.join(folder, name));
  }
  const terraform = here(/\.tf(?:\.json)?$|^terraform\.tfvars(?:\.json)?$|\.auto\.tfvars(?:\.json)?$/);
  const chosen = terraform.some((name) => /\.tf(?:\.json)?$/.test(name))
    ? terraform
    : here(/\.(?:json|ya?ml|template)$/);
  return chosen.map((name) => path.join(folder, name));
}

async function readModule(files: readonly string[], given: Given): Promise<Found[]> {
  // Two megabytes of WebAssembly, for this alone.
  const hcl = await import('@cdktn/hcl2json');
  const parsed = new Map<string, ReturnType<typeof hcl.getExpressionAst>>();
  const parse = (text: string): ReturnType<typeof hcl.getExpressionAst> => {
    const known = parsed.get(text) ?? hcl.getExpressionAst('expression.tf', text);
    parsed.set(text, known);
    return known;
  };
  const blocksOf = async (fileName: string): Promise<Members> => {
    const text = await readTextFile(fileName);
    const blocks: unknown = fileName.endsWith('.json')
      ? parseDocument(text, fileName, 'FlowInvalid')
      : await hcl.parse(fileName, text).catch((error: unknown) => {
          throw notHcl(error, fileName);
        });
    return isMembers(blocks) ? blocks : {};
  };
  const filesOfModule = async (names: readonly string[]): Promise<ModuleFile[]> => {
    const read: ModuleFile[] = [];
    for (const fileName of names) read.push({ fileName, blocks: await blocksOf(fileName) });
    return read;
  };
  const [root = '.'] = files.map((file) => path.dirname(file));
  const loadModule: LoadModule = async ({ key, source, callingFile }) => {
    const isLocal = /^\.\.?\//.test(source);
    const folder = isLocal ? path.join(path.dirname(callingFile), source) : await installedModule(root, key);
    const names = folder && (await fs.readdir(folder).catch(() => undefined));
    if (!folder || !names) return undefined;
    const own = names.filter((name) => /\.tf(?:\.json)?$/.test(name)).sort();
    return { folder, files: await filesOfModule(own.map((name) => path.join(folder, name))) };
  };
  let variables: Members = {};
  // Later files win, as with Terraform: terraform.tfvars, then *.auto.tfvars in the order of their names.
  const isLast = (file: string) => (path.basename(file).startsWith('terraform.tfvars') ? 0 : 1);
  const isVariables = (file: string) => /\.tfvars(?:\.json)?$/.test(file);
  for (const file of files.filter(isVariables).toSorted((a, b) => isLast(a) - isLast(b))) {
    variables = { ...variables, ...(await blocksOf(file)) };
  }
  const moduleFiles = await filesOfModule(files.filter((file) => !isVariables(file)));
  return foundInModule({ files: moduleFiles, variables, given, loadModule }, parse);
}

/** Where `terraform init` has put a module of a registry or a repository: it keeps a list of them. */
async function installedModule(root: string, key: string): Promise<string | undefined> {
  const list = path.join(root, '.terraform', 'modules', 'modules.json');
  const text = await fs.readFile(list, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw fileError(error, list);
  });
  const document: unknown = text === undefined ? undefined : parseDocument(text, list, 'FlowInvalid');
  const modules = isMembers(document) && Array.isArray(document.Modules) ? document.Modules : [];
  const found = modules.find((one): one is Members => isMembers(one) && one.Key === key);
  return typeof found?.Dir === 'string' ? path.join(root, found.Dir) : undefined;
}

/** The parser says `parse config: [main.tf:1,14-15: Unclosed block; There is no …]`. */
function notHcl(error: unknown, fileName: string): TributaryError {
  const message = error instanceof Error ? error.message : String(error);
  const [, line, column, problem] = /:(\d+),(\d+)(?:-[\d,]+)?: ([^;\]]*)/.exec(message) ?? [];
  return new TributaryError('FlowInvalid', `not valid HCL${problem ? `: ${problem}` : ''}`, {
    at: line ? `${fileName}:${line}:${column}` : fileName,
  });
}
