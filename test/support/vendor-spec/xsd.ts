/** An XML Schema as far as it says which members a type has: https://www.w3.org/TR/xmlschema11-1/ */

import type { XmlElement } from '../../../core/connector/discovery.ts';
import { readXml } from '../../../engine/http/xml.ts';

export interface XmlSchema {
  /** Whether values of the type can have something at this path of names: `MetaData.CreateTime`. */
  has(type: string, path: string): boolean;
}

/** @param texts of all its files, which name each other's types without regard for namespaces */
export function xmlSchema(texts: readonly string[]): XmlSchema {
  const types = new Map<string, XmlElement>();
  const elements = new Map<string, XmlElement>();
  const groups = new Map<string, XmlElement>();
  const byKind: Readonly<Record<string, Map<string, XmlElement>>> = {
    complexType: types,
    element: elements,
    group: groups,
  };
  for (const text of texts)
    for (const one of readXml(text, 'XML Schema').elements)
      byKind[local(one.name)]?.set(one.attributes.name ?? '', one);

  /** Members by name → the type of each. */
  function membersOf(type: XmlElement): Map<string, XmlElement | undefined> {
    const found = new Map<string, XmlElement | undefined>();
    const visit = (node: XmlElement): void => {
      for (const child of node.elements) {
        const { name, ref, base, type: ofType } = child.attributes;
        switch (local(child.name)) {
          case 'element': {
            const declared = ref === undefined ? child : (elements.get(local(ref)) ?? child);
            const memberType = declared.attributes.type ?? ofType;
            const inline = declared.elements.find((one) => local(one.name) === 'complexType');
            found.set(name ?? local(ref ?? ''), inline ?? types.get(local(memberType ?? '')));
            break;
          }
          case 'attribute':
            found.set(name ?? '', undefined);
            break;
          case 'group':
            if (ref !== undefined) visit(groups.get(local(ref)) ?? child);
            break;
          case 'extension': {
            const parent = types.get(local(base ?? ''));
            if (parent) visit(parent);
            visit(child);
            break;
          }
          default:
            visit(child);
        }
      }
    };
    visit(type);
    return found;
  }

  return {
    has(type, path) {
      let at = types.get(type);
      for (const name of path.split('.')) {
        if (!at) return false;
        const members = membersOf(at);
        if (!members.has(name)) return false;
        at = members.get(name);
      }
      return true;
    },
  };
}

/** A name without its namespace prefix. */
const local = (name: string) => name.slice(name.indexOf(':') + 1);
