import { XmlElement as ParsedElement, parseXml } from '@rgrove/parse-xml';
import type { XmlElement } from '../../core/connector/discovery.ts';
import { TributaryError } from '../../core/errors.ts';

/**
 * The root element of an XML text. Document types are passed over and entities of their own refused: nothing is expanded,
 * nothing is fetched.
 *
 * @throws ServerError if it begins as XML and is broken, most likely cut short on its way; ConnectorProtocol if it is no XML.
 *   The parser's message, which quotes the text, is left out.
 */
export function readXml(text: string, at: string): XmlElement {
  let root: ParsedElement | null;
  try {
    ({ root } = parseXml(text));
  } catch {
    root = null;
  }
  if (root) return elementOf(root);
  // A declaration or a name with a prefix: pages of HTML have neither.
  if (/^\uFEFF?\s*<(?:\?xml|[A-Za-z_][\w.-]*:)/.test(text))
    throw new TributaryError('ServerError', "the answer's XML is broken", { at });
  throw new TributaryError('ConnectorProtocol', 'the answer is not XML', { at });
}

function elementOf({ name, attributes, children, text }: ParsedElement): XmlElement {
  const elements = children.filter((child) => child instanceof ParsedElement).map(elementOf);
  return { name, attributes, elements, text };
}
