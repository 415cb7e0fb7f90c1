/**
 * A service's `$metadata`: the entity sets of OData 2 (https://www.odata.org/documentation/odata-version-2-0/overview/, with
 * SAP's annotations, https://help.sap.com/docs/SAP_NETWEAVER_750/68bf513362174d54b58cddec28794093/59bb2c8b0ec24fd8a1ba8a0e5c0e3ea3.html)
 * and of OData 4 (https://docs.oasis-open.org/odata/odata-csdl-xml/v4.01/odata-csdl-xml-v4.01.html).
 */

import type { DiscoveredField, FieldType, ODataVersion, XmlElement } from '#core';

export interface EntitySet {
  readonly name: string;
  readonly label: string;
  /** Names of the key's properties, in the service's order. */
  readonly key: readonly string[];
  readonly fields: Readonly<Record<string, DiscoveredField>>;
  /** SAP's own `pageable`: the service takes `$top` and `$skip`. */
  readonly pageable: boolean;
  /** An operational delta queue tells its changes: it has delta links. */
  readonly tracksChanges: boolean;
}

export interface ServiceMetadata {
  readonly version: ODataVersion;
  readonly entitySets: readonly EntitySet[];
}

export function readMetadata(root: XmlElement): ServiceMetadata {
  const version = root.attributes.Version?.startsWith('4') ? 4 : 2;
  const schemas = below(root, 'DataServices').flatMap((services) => below(services, 'Schema'));
  const model: Model = { version, types: typesOf(schemas), labels: labelsOf(schemas) };
  const sets = schemas
    .flatMap((schema) => below(schema, 'EntityContainer'))
    .flatMap((container) => below(container, 'EntitySet'));
  const names = new Set(sets.map(nameOf));
  return {
    version,
    entitySets: sets
      .filter((set) => !nameOf(set).startsWith(deltaLinks) && set.attributes['sap:addressable'] !== 'false')
      .map((set) => entitySetOf(set, model, names)),
  };
}

/** Named so by the generator of services for operational data: its page is in the README. */
const deltaLinks = 'DeltaLinksOf';

interface Model {
  readonly version: ODataVersion;
  /** Of entity, complex, enumeration and defined types, by the names that refer to them. */
  readonly types: ReadonlyMap<string, XmlElement>;
  /** Labels of OData 4, by `<type>` and `<type>/<property>`. */
  readonly labels: ReadonlyMap<string, string>;
}

function entitySetOf(set: XmlElement, model: Model, names: ReadonlySet<string>): EntitySet {
  const { attributes } = set;
  const typeName = attributes.EntityType ?? '';
  const name = nameOf(set);
  const chain = inheritance(typeName, model);
  const label = chain
    .map((type) => labelOf(type.element, type.name, model))
    .find((text) => text !== undefined);
  return {
    name,
    label: attributes['sap:label'] ?? label ?? name,
    key: chain.flatMap(({ element }) => keyOf(element)),
    fields: Object.fromEntries(
      chain.flatMap(({ element, name: owner }) =>
        below(element, 'Property')
          .filter(({ attributes: { Type } }) => Type !== 'Edm.Stream')
          .map((property) => [nameOf(property), fieldOf(property, owner, model)]),
      ),
    ),
    pageable: attributes['sap:pageable'] !== 'false',
    tracksChanges: names.has(`${deltaLinks}${name}`),
  };
}

/** The type and those that it extends, the first one first. */
function inheritance(name: string, model: Model): { name: string; element: XmlElement }[] {
  const chain: { name: string; element: XmlElement }[] = [];
  for (let next: string | undefined = name; next !== undefined; ) {
    const element = model.types.get(next);
    if (!element || chain.some((one) => one.element === element)) break;
    chain.unshift({ name: next, element });
    next = element.attributes.BaseType;
  }
  return chain;
}

function keyOf(type: XmlElement): string[] {
  return below(type, 'Key').flatMap((key) => below(key, 'PropertyRef').map(nameOf));
}

function fieldOf(property: XmlElement, owner: string, model: Model): DiscoveredField {
  const { attributes } = property;
  const type = underlying(attributes.Type ?? '', model);
  const label = attributes['sap:label'] ?? labelOf(property, `${owner}/${nameOf(property)}`, model);
  const description = attributes['sap:quickinfo'];
  const isDay = model.version === 2 && type === 'Edm.DateTime' && attributes['sap:display-format'] === 'Date';
  const isComparable = attributes['sap:filterable'] !== 'false' && attributes['sap:sortable'] !== 'false';
  return {
    ...(isDay ? { type: 'Date', format: 'odataV2' } : typeOf(type, model)),
    ...(type === 'Edm.Decimal' ? digitsOf(property) : {}),
    ...(label ? { label } : {}),
    ...(description ? { description } : {}),
    // A type that is not known here, or that the service does not compare, is never compared by it.
    facts: { type: isComparable && type.startsWith('Edm.') ? type : '' },
  };
}

/** The simple type that a defined one stands for, or its own name. */
function underlying(name: string, { types }: Model): string {
  const defined = types.get(name);
  return defined && local(defined) === 'TypeDefinition' ? (defined.attributes.UnderlyingType ?? name) : name;
}

const simple: Readonly<Record<string, FieldType>> = {
  'Edm.Boolean': 'Boolean',
  'Edm.Byte': 'Integer',
  'Edm.SByte': 'Integer',
  'Edm.Int16': 'Integer',
  'Edm.Int32': 'Integer',
  'Edm.Int64': 'Long',
  'Edm.Decimal': 'BigDecimal',
  'Edm.Single': 'Float',
  'Edm.Double': 'Double',
  'Edm.Binary': 'ByteArray',
};

function typeOf(type: string, { version, types }: Model): Pick<DiscoveredField, 'type' | 'format'> {
  if (type.startsWith('Collection(')) return { type: 'List' };
  const known = simple[type];
  if (known) return { type: known };
  const isOld = version === 2;
  switch (type) {
    case 'Edm.DateTime':
    case 'Edm.DateTimeOffset':
      return isOld ? { type: 'DateTime', format: 'odataV2' } : { type: 'DateTime' };
    case 'Edm.Time':
      return { type: 'Time', format: 'odataV2' };
    case 'Edm.TimeOfDay':
      return { type: 'Time' };
    case 'Edm.Date':
      return { type: 'Date' };
  }
  const defined = types.get(type);
  return { type: defined && local(defined) === 'ComplexType' ? 'Struct' : 'String' };
}

function digitsOf({ attributes }: XmlElement): Pick<DiscoveredField, 'precision' | 'scale'> {
  const [precision, scale] = [Number(attributes.Precision), Number(attributes.Scale)];
  // OData 4 has the words "variable" and "floating" for a scale that each value chooses.
  return Number.isInteger(precision) && Number.isInteger(scale) ? { precision, scale } : {};
}

function typesOf(schemas: readonly XmlElement[]): Map<string, XmlElement> {
  const kinds = ['EntityType', 'ComplexType', 'EnumType', 'TypeDefinition'];
  return new Map(
    schemas.flatMap((schema) =>
      schema.elements
        .filter((element) => kinds.includes(local(element)))
        .flatMap((element) =>
          prefixesOf(schema).map((prefix) => [`${prefix}.${nameOf(element)}`, element] as const),
        ),
    ),
  );
}

/** `<Annotations Target="…">` with a label, by target. */
function labelsOf(schemas: readonly XmlElement[]): Map<string, string> {
  const aliases = new Map(
    schemas.flatMap(({ attributes: { Alias, Namespace = '' } }) =>
      Alias ? [[Alias, Namespace] as const] : [],
    ),
  );
  const found = schemas
    .flatMap((schema) => below(schema, 'Annotations'))
    .flatMap((annotations) => {
      const [, prefix = '', rest = ''] =
        /^(.*?)(\.[^./]+(?:\/.*)?)$/.exec(annotations.attributes.Target ?? '') ?? [];
      const label = annotatedLabel(annotations);
      return label === undefined ? [] : [[`${aliases.get(prefix) ?? prefix}${rest}`, label] as const];
    });
  return new Map(found);
}

function labelOf(element: XmlElement, target: string, { labels, types }: Model): string | undefined {
  if (element.attributes['sap:label']) return element.attributes['sap:label'];
  const own = annotatedLabel(element) ?? labels.get(target);
  if (own !== undefined) return own;
  // The target may have been named by the schema's alias.
  const [type = '', property] = target.split('/');
  const owner = types.get(type);
  const names = owner ? [...types].filter(([, other]) => other === owner).map(([name]) => name) : [];
  return names
    .map((name) => labels.get(property === undefined ? name : `${name}/${property}`))
    .find((text) => text !== undefined);
}

/** `com.sap.vocabularies.Common.v1.Label`, by whatever alias. */
function annotatedLabel(element: XmlElement): string | undefined {
  const label = below(element, 'Annotation').find(({ attributes: { Term = '' } }) =>
    /(^|[._])common(\.v1)?\.Label$/i.test(Term),
  );
  return label?.attributes.String || undefined;
}

function prefixesOf({ attributes: { Namespace = '', Alias } }: XmlElement): string[] {
  return [Namespace, ...(Alias ? [Alias] : [])];
}

function below(element: XmlElement, name: string): XmlElement[] {
  return element.elements.filter((one) => local(one) === name);
}

/** Without the prefix of its namespace. */
function local({ name }: XmlElement): string {
  return name.slice(name.indexOf(':') + 1);
}

function nameOf({ attributes }: XmlElement): string {
  return attributes.Name ?? '';
}
