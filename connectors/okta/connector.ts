import {
  apiKey,
  boolean,
  by,
  dateTime,
  defineConnector,
  entity,
  linkHeader,
  list,
  oauth2,
  type Search,
  string,
  struct,
} from '#core';

const operators: Readonly<Record<string, string>> = {
  EQUAL_TO: 'eq',
  GREATER_THAN: 'gt',
  GREATER_THAN_OR_EQUAL_TO: 'ge',
  LESS_THAN: 'lt',
  LESS_THAN_OR_EQUAL_TO: 'le',
};

// A SCIM expression: https://developer.okta.com/docs/api/#filter. It has no `ne`.
const search: Search = {
  param: 'search',
  condition({ path, field, operator, values }) {
    const compare = (word: string, value: string) =>
      `${path} ${word} ${field.type === 'Boolean' ? value : JSON.stringify(value)}`;
    const word = operators[operator];
    if (operator === 'NOT_EQUAL_TO') {
      // Several values mean "none of them" to nobody: left to the engine.
      const [value = ''] = values;
      return values.length === 1 ? `(${compare('lt', value)} or ${compare('gt', value)})` : undefined;
    }
    return word && `(${values.map((value) => compare(word, value)).join(' or ')})`;
  },
  expression: (conditions) => (conditions.length === 0 ? undefined : conditions.join(' and ')),
};

// Texts are compared without regard to case.
const equal = { EQUAL_TO: { exact: false } } as const;
const compared = by(
  true,
  'EQUAL_TO',
  'NOT_EQUAL_TO',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL_TO',
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL_TO',
);
const moment = (label: string) => dateTime({ label, format: 'iso8601Milliseconds' });
const searchedMoment = (label: string) =>
  dateTime({ label, format: 'iso8601Milliseconds', filters: compared });
const text = (label: string, at: string) => string({ label, at, filters: equal });
const everyStatus = [
  'STAGED',
  'PROVISIONED',
  'ACTIVE',
  'RECOVERY',
  'LOCKED_OUT',
  'PASSWORD_EXPIRED',
  'SUSPENDED',
  'DEPROVISIONED',
]
  .map((status) => `status eq "${status}"`)
  .join(' or ');
/** One of the application list's few filters; the API takes a single one. */
const filteredBy = (name: string) =>
  ({
    EQUAL_TO: {
      param: 'filter',
      render: (values: readonly string[]) =>
        values.map((value) => `${name} eq ${JSON.stringify(value)}`).join(' or '),
    },
  }) as const;

/** Members of a user's profile that every organization has. */
const profile = profileFields({
  city: 'City',
  costCenter: 'Cost Center',
  countryCode: 'Country Code',
  department: 'Department',
  displayName: 'Display Name',
  division: 'Division',
  email: 'Email',
  employeeNumber: 'Employee Number',
  firstName: 'First Name',
  honorificPrefix: 'Honorific Prefix',
  honorificSuffix: 'Honorific Suffix',
  lastName: 'Last Name',
  locale: 'Locale',
  login: 'Username',
  manager: 'Manager Display Name',
  managerId: 'Manager ID',
  middleName: 'Middle Name',
  mobilePhone: 'Mobile Phone',
  nickName: 'Nickname',
  occupation: 'Occupation',
  organization: 'Organization',
  postalAddress: 'Postal Address',
  preferredLanguage: 'Preferred Language',
  primaryPhone: 'Primary Phone',
  profileUrl: 'Profile URL',
  secondEmail: 'Second Email',
  state: 'State',
  streetAddress: 'Street Address',
  timezone: 'Timezone',
  title: 'Title',
  userType: 'User Type',
  zipCode: 'Zip Code',
});

export const okta = defineConnector({
  label: 'Okta',
  docs: 'https://developer.okta.com/docs/api/',
  apiVersion: 'v1',
  baseUrl: '{domain}',
  hosts: ['*.okta.com', '*.oktapreview.com', '*.okta-emea.com', '*.okta-gov.com', '*.okta.mil'],
  headers: { accept: 'application/json' },
  auth: [
    oauth2({
      authorizeUrl: '{domain}/oauth2/v1/authorize',
      tokenUrl: '{domain}/oauth2/v1/token',
      // offline_access: without it there is no refresh token.
      scopes: [
        'okta.apps.read',
        'okta.devices.read',
        'okta.groups.read',
        'okta.users.read',
        'okta.userTypes.read',
        'offline_access',
      ],
      clientAuthentication: 'basic',
      pkce: true,
    }),
    apiKey({ label: 'Okta_API_Token', scheme: 'SSWS' }),
  ],
  validateCredentials: 'GET /api/v1/users/me',
  settings: { domain: { label: 'Your Okta Domain URL', description: 'my-domain.okta.com' } },
  pagination: linkHeader({ size: { limit: 200 } }),
  search,
  // https://developer.okta.com/docs/reference/rl-best-practices/
  rateLimit: { remaining: 'x-rate-limit-remaining', resetAt: 'x-rate-limit-reset', otherwiseSeconds: 60 },
  errors: { message: 'errorSummary', vendorCode: 'errorCode', requestId: 'x-okta-request-id' },
  // Searches read an index that follows changes; the vendor names no bound.
  settleSeconds: 60,
  entities: {
    apps: entity({
      label: 'Application',
      docs: 'https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Application/#tag/Application/operation/listApplications',
      path: '/api/v1/apps',
      primaryKey: ['id'],
      mayRepeat: true,
      parameters: {
        group_id: string({ label: 'Group ID', filters: filteredBy('group.id') }),
        user_id: string({ label: 'User ID', filters: filteredBy('user.id') }),
      },
      fields: {
        accessibility: struct({ label: 'Accessibility' }),
        created: moment('Created'),
        credentials: struct({ label: 'Credentials' }),
        credentials_signing_kid: string({
          label: 'Credentials Signing Key ID',
          at: 'credentials.signing.kid',
          filters: filteredBy('credentials.signing.kid'),
        }),
        _embedded: struct({ label: 'Embedded' }),
        features: list({ label: 'Features' }),
        id: string({ label: 'ID' }),
        label: string({ label: 'Label' }),
        lastUpdated: moment('Last Updated'),
        _links: struct({ label: 'Links' }),
        name: string({ label: 'Name', filters: filteredBy('name') }),
        profile: struct({ label: 'Profile' }),
        request_object_signing_alg: string({
          label: 'Request Object Signing Alg',
          at: 'settings.oauthClient.request_object_signing_alg',
        }),
        settings: struct({ label: 'Settings' }),
        signOnMode: string({ label: 'signOnMode' }),
        status: string({
          label: 'Status',
          values: ['ACTIVE', 'INACTIVE'],
          filters: filteredBy('status'),
        }),
        visibility: struct({ label: 'Visibility' }),
      },
    }),

    devices: entity({
      label: 'Device',
      docs: 'https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Device/#tag/Device/operation/listDevices',
      path: '/api/v1/devices',
      primaryKey: ['id'],
      mayRepeat: true,
      incremental: { field: 'lastUpdated', from: true, to: true },
      fields: {
        created: moment('Created'),
        displayName: text('Display Name', 'profile.displayName'),
        id: text('ID', 'id'),
        imei: text('IMEI', 'profile.imei'),
        lastUpdated: searchedMoment('Last Updated'),
        _links: struct({ label: 'Links' }),
        manufacturer: text('Manufacturer', 'profile.manufacturer'),
        meid: text('Mobile Equipment Identifier (MEID)', 'profile.meid'),
        model: text('Model', 'profile.model'),
        osVersion: text('OS Version', 'profile.osVersion'),
        platform: text('Platform', 'profile.platform'),
        profile: struct({ label: 'Profile' }),
        registered: boolean({ label: 'Registered', at: 'profile.registered', filters: { EQUAL_TO: true } }),
        resourceAlternateId: string({ label: 'Resource Alternate ID' }),
        resourceDisplayName: struct({ label: 'Resource Display Name' }),
        resourceId: string({ label: 'Resource ID' }),
        resourceType: string({ label: 'Resource Type' }),
        secureHardwarePresent: boolean({
          label: 'Secure Hardware Present',
          at: 'profile.secureHardwarePresent',
          filters: { EQUAL_TO: true },
        }),
        serialNumber: text('Serial Number', 'profile.serialNumber'),
        status: text('Status', 'status'),
        sid: text('Windows Security identifier (SID)', 'profile.sid'),
        udid: text('macOS UDID', 'profile.udid'),
        tpmPublicKeyHash: text('tpmPublicKeyHash', 'profile.tpmPublicKeyHash'),
      },
    }),

    groups: entity({
      label: 'Group',
      docs: 'https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Group/#tag/Group/operation/listGroups',
      path: '/api/v1/groups',
      primaryKey: ['id'],
      mayRepeat: true,
      incremental: { field: 'lastUpdated', from: true, to: true },
      fields: {
        created: searchedMoment('Created'),
        _embedded: struct({ label: 'Embedded' }),
        externalId: text('GUID (objectGUID) of the Windows Group', 'profile.externalId'),
        description: text('Group Description', 'profile.description'),
        name: text('Group Name', 'profile.name'),
        id: text('ID', 'id'),
        lastMembershipUpdated: searchedMoment('Last Membership Updated'),
        lastUpdated: searchedMoment('Last Updated'),
        _links: struct({ label: 'Links' }),
        objectClass: list({ label: 'Object Class' }),
        profile: struct({ label: 'Profile' }),
        samAccountName: text('SAM Account Name', 'profile.samAccountName'),
        source_id: text('Source ID', 'source.id'),
        type: text('Type', 'type'),
        windowsDomainQualifiedName: text(
          'Windows Domain Qualified Name',
          'profile.windowsDomainQualifiedName',
        ),
        dn: text('Windows Group Distinguished Name', 'profile.dn'),
      },
    }),

    users: entity({
      label: 'User',
      docs: 'https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/#tag/User/operation/listUsers',
      path: '/api/v1/users',
      primaryKey: ['id'],
      mayRepeat: true,
      // Without any search the list leaves out users whose status is DEPROVISIONED.
      search: {
        ...search,
        expression: (all, context) => search.expression(all.length > 0 ? all : [everyStatus], context),
      },
      incremental: { field: 'lastUpdated', from: true, to: true },
      fields: {
        activated: searchedMoment('Activated'),
        created: searchedMoment('Created'),
        credentials: struct({ label: 'Credentials' }),
        _embedded: struct({ label: 'Embedded Resources' }),
        id: text('ID', 'id'),
        lastLogin: moment('Last Login'),
        lastUpdated: searchedMoment('Last Updated'),
        _links: struct({ label: 'Links' }),
        passwordChanged: moment('Password Changed'),
        profile: struct({ label: 'Profile' }),
        status: text('Status', 'status'),
        statusChanged: searchedMoment('Status Changed'),
        transitioningToStatus: string({ label: 'Transitioning to status' }),
        type: struct({ label: 'Type' }),
        type_id: text('Type ID', 'type.id'),
        ...profile,
      },
    }),

    user_types: entity({
      label: 'User Type',
      docs: 'https://developer.okta.com/docs/api/openapi/okta-management/management/tag/UserType/#tag/UserType/operation/listUserTypes',
      path: '/api/v1/meta/types/user',
      pagination: 'onePage',
      primaryKey: ['id'],
      fields: {
        created: moment('Created'),
        createdBy: string({ label: 'Created By' }),
        default: boolean({ label: 'Default' }),
        description: string({ label: 'Description' }),
        displayName: string({ label: 'Display Name' }),
        id: string({ label: 'ID' }),
        lastUpdated: moment('Last Updated'),
        lastUpdatedBy: string({ label: 'Last Updated By' }),
        _links: struct({ label: 'Links' }),
        name: string({ label: 'Name' }),
      },
    }),
  },
});

/** Members of a user's profile, each by its API name with its label. */
function profileFields<const L extends Readonly<Record<string, string>>>(labels: L) {
  return Object.fromEntries(
    Object.entries(labels).map(([name, label]) => [name, text(label, `profile.${name}`)]),
  ) as { [N in keyof L]: ReturnType<typeof text> };
}
