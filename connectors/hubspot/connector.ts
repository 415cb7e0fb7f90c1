import {
  apiKey,
  boolean,
  by,
  cursor,
  type DiscoveredField,
  dateTime,
  defineConnector,
  entity,
  type FieldFilters,
  type FieldType,
  integer,
  keyset,
  list,
  long,
  oauth2,
  type Search,
  string,
  struct,
} from '#core';

const searchDocs = 'https://developers.hubspot.com/docs/api-reference/crm-search-v3/guide';
const objectName = /^[A-Za-z0-9_-]+$/;

/** CRM objects of every account; their properties are the account's. */
const objects: Readonly<Record<string, string>> = {
  calls: 'Call',
  companies: 'Company',
  contacts: 'Contact',
  deals: 'Deal',
  emails: 'Email',
  meetings: 'Meeting',
  notes: 'Note',
  postal_mail: 'Postal Mail',
  products: 'Product',
  tasks: 'Task',
  tickets: 'Ticket',
};

const operators: Readonly<Record<string, string>> = {
  EQUAL_TO: 'EQ',
  GREATER_THAN: 'GT',
  GREATER_THAN_OR_EQUAL_TO: 'GTE',
  LESS_THAN: 'LT',
  LESS_THAN_OR_EQUAL_TO: 'LTE',
};

const search: Search = {
  param: 'filterGroups',
  condition({ path, field, operator, values }) {
    const propertyName = path === 'id' ? 'hs_object_id' : path.replace('properties.', '');
    const [value = '', ...others] = values.map((one) =>
      field.type === 'DateTime' ? String(Date.parse(one)) : one,
    );
    if (others.length === 0) return { propertyName, operator: operators[operator] ?? '', value };
    // Texts of IN are wanted in lower case.
    const all = [value, ...others].map((one) => one.toLowerCase());
    return operator === 'EQUAL_TO' ? { propertyName, operator: 'IN', values: all } : undefined;
  },
  // Filters of one group must all hold.
  expression: (filters) => (filters.length === 0 ? undefined : [{ filters }]),
};

function filtersOf(type: FieldType): FieldFilters | undefined {
  switch (type) {
    case 'String':
      // Texts are compared without regard to case.
      return { EQUAL_TO: { exact: false } };
    case 'Boolean':
      return { EQUAL_TO: true };
    case 'BigDecimal':
    case 'DateTime':
      return by(
        true,
        'EQUAL_TO',
        'GREATER_THAN',
        'GREATER_THAN_OR_EQUAL_TO',
        'LESS_THAN',
        'LESS_THAN_OR_EQUAL_TO',
      );
    default:
      return undefined;
  }
}

/** A property's `type`; all others are texts. */
const types: Readonly<Record<string, Pick<DiscoveredField, 'type' | 'format'>>> = {
  number: { type: 'BigDecimal' },
  bool: { type: 'Boolean' },
  date: { type: 'Date' },
  datetime: { type: 'DateTime', format: 'iso8601Milliseconds' },
};

const sortedBy = (propertyName: string) => ({ sorts: [{ propertyName, direction: 'ASCENDING' }] });

/** The `results` of an answer. */
function listed<T>(answer: unknown): readonly T[] {
  const { results } = answer as { results?: unknown };
  return Array.isArray(results) ? results : [];
}

export const hubSpot = defineConnector({
  label: 'HubSpot',
  docs: 'https://developers.hubspot.com/docs/api-reference/overview',
  apiVersion: 'v3; v1 and v2 where there is no later one',
  baseUrl: 'https://api.hubapi.com',
  headers: { accept: 'application/json' },
  auth: [
    oauth2({
      authorizeUrl: 'https://app.hubspot.com/oauth/authorize',
      // Version 1 ends on 2027-02-16: https://developers.hubspot.com/changelog/v1-oauth-api-deprecation
      tokenUrl: 'https://api.hubapi.com/oauth/2026-03/token',
      scopes: [
        'automation',
        'content',
        'crm.lists.read',
        'crm.objects.companies.read',
        'crm.objects.contacts.read',
        'crm.objects.custom.read',
        'crm.objects.deals.read',
        'crm.objects.owners.read',
        'crm.schemas.custom.read',
        'e-commerce',
        'forms',
        'oauth',
        'sales-email-read',
        'tickets',
      ],
    }),
    apiKey({ label: 'Private app access token', scheme: 'Bearer' }),
  ],
  validateCredentials: 'GET /account-info/v3/details',
  records: 'results',
  // Searches allow five requests a second: https://developers.hubspot.com/docs/api-reference/crm-search-v3/guide
  rateLimit: { budget: { requests: 4, seconds: 1 }, otherwiseSeconds: 10 },
  errors: { message: 'message', vendorCode: 'category', requestId: 'x-hubspot-correlation-id' },
  // "A few moments" until a change appears in searches; the vendor names no bound.
  settleSeconds: 60,
  discovery: {
    docs: 'https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide',
    async list(reader) {
      const own = listed<{ fullyQualifiedName: string; labels?: { singular?: string } }>(
        await reader.get('/crm/v3/schemas'),
      );
      return [
        ...Object.entries(objects).map(([name, label]) => ({ name, label })),
        ...own.map(({ fullyQualifiedName: name, labels }) => ({ name, label: labels?.singular ?? name })),
      ];
    },
    async describe(name, reader) {
      if (!objectName.test(name)) return undefined;
      const properties = listed<{ name: string; label: string; type: string }>(
        await reader.get(`/crm/v3/properties/${name}`),
      );
      return {
        name,
        label: objects[name] ?? name,
        fields: Object.fromEntries(
          properties.map(({ name: property, label, type }) => [
            property,
            { ...(types[type] ?? { type: 'String' as const }), label, at: `properties.${property}` },
          ]),
        ),
      };
    },
    entity({ name, label, fields }) {
      const changed = ['hs_lastmodifieddate', 'lastmodifieddate'].find((field) =>
        Object.hasOwn(fields, field),
      );
      return {
        label,
        docs: searchDocs,
        method: 'POST',
        path: `/crm/v3/objects/${name}/search`,
        body: sortedBy('hs_object_id'),
        // A search ends at 10,000 results: every page is a search of its own, behind the last record.
        pagination: keyset({ field: 'id', size: { limit: 200 }, mayBeShort: true }),
        search,
        projection: (paths) => ({
          properties: paths.filter((path) => path.startsWith('properties.')).map((path) => path.slice(11)),
        }),
        textValues: true,
        primaryKey: ['id'],
        mayRepeat: true,
        ...(changed && {
          incremental: {
            field: changed,
            from: true,
            to: true,
            order: 'oldestFirst',
            list: {
              body: sortedBy(changed),
              pagination: cursor({ at: 'paging.next.after', param: 'after', size: { limit: 200 } }),
            },
          },
        }),
        fields: {
          ...Object.fromEntries(
            Object.entries(fields).map(([key, field]) => {
              const filters = filtersOf(field.type);
              return [key, { ...field, ...(filters && { filters }) }];
            }),
          ),
          id: string({ label: 'ID' }),
          createdAt: dateTime({ label: 'Created At', format: 'iso8601Milliseconds' }),
          updatedAt: dateTime({ label: 'Updated At', format: 'iso8601Milliseconds' }),
          archived: boolean({ label: 'Archived' }),
        },
      };
    },
  },
  entities: {
    owners: entity({
      label: 'Owner',
      docs: 'https://developers.hubspot.com/docs/api-reference/crm-owners-v3/owners/get-crm-v3-owners-',
      path: '/crm/v3/owners',
      pagination: cursor({ at: 'paging.next.after', param: 'after', size: { limit: 500 } }),
      primaryKey: ['id'],
      fields: {
        archived: boolean({ label: 'Archived' }),
        createdAt: dateTime({ label: 'Created At', format: 'iso8601Milliseconds' }),
        email: string({ label: 'Email' }),
        firstName: string({ label: 'Firstname' }),
        id: string({ label: 'Id' }),
        lastName: string({ label: 'Lastname' }),
        teams: list({ label: 'Teams' }),
        updatedAt: dateTime({ label: 'Updated At', format: 'iso8601Milliseconds' }),
        userId: long({ label: 'User Id' }),
      },
    }),

    workflows: entity({
      label: 'Workflow',
      docs: 'https://legacydocs.hubspot.com/docs/methods/workflows/v3/get_workflows',
      path: '/automation/v3/workflows',
      records: 'workflows',
      pagination: 'onePage',
      primaryKey: ['id'],
      fields: {
        contactListIds: struct({ label: "Contact List Id's" }),
        enabled: boolean({ label: 'Enabled' }),
        id: long({ label: 'Id' }),
        insertedAt: long({ label: 'Inserted At' }),
        name: string({ label: 'Name' }),
        personaTagIds: list({ label: "Persona Tag Id's" }),
        type: string({ label: 'Type' }),
        updatedAt: long({ label: 'Updated At' }),
      },
    }),

    forms: entity({
      label: 'Form',
      docs: 'https://legacydocs.hubspot.com/docs/methods/forms/v2/get_forms',
      path: '/forms/v2/forms',
      records: (forms) => (Array.isArray(forms) ? forms : []),
      pagination: 'onePage',
      // The style comes as the text of its JSON.
      textValues: true,
      primaryKey: ['guid'],
      fields: {
        alwaysCreateNewCompany: boolean({ label: 'Always Create New Company' }),
        businessUnitId: long({ label: 'Business Unit Id' }),
        captchaEnabled: boolean({ label: 'Captcha Enabled' }),
        cloneable: boolean({ label: 'Cloneable' }),
        createMarketableContact: boolean({ label: 'Create Marketable Contact' }),
        createdAt: long({ label: 'Created At' }),
        cssClass: string({ label: 'Css Class' }),
        customUid: string({ label: 'Custom Uid' }),
        deletable: boolean({ label: 'Deletable' }),
        deletedAt: long({ label: 'DeletedAt' }),
        editVersion: integer({ label: 'Edit Version' }),
        editable: boolean({ label: 'Editable' }),
        formFieldGroups: list({ label: 'FormFieldGroups' }),
        guid: string({ label: 'Guid' }),
        ignoreCurrentValues: boolean({ label: 'Ignore Current Values' }),
        inlineMessage: string({ label: 'Inline Message' }),
        internalUpdatedAt: long({ label: 'Internal Updated At' }),
        isPublished: boolean({ label: 'Is Published' }),
        kickbackEmailsJson: string({ label: 'Kickback Emails Json' }),
        kickbackEmailWorkflowId: string({ label: 'Kickback email work flow Id' }),
        method: string({ label: 'Method' }),
        name: string({ label: 'Name' }),
        notifyRecipients: string({ label: 'Notify Recipients' }),
        parentId: long({ label: 'Parent Id' }),
        paymentSessionTemplateIds: list({ label: 'Payment Session Template Ids' }),
        portableKey: string({ label: 'Portable Key' }),
        portalId: long({ label: 'Portal Id' }),
        publishAt: long({ label: 'Publish At' }),
        publishedAt: long({ label: 'Published At' }),
        redirect: string({ label: 'Redirect' }),
        selectedExternalOptions: list({ label: 'Selected External Options' }),
        style: struct({ label: 'Style' }),
        submitText: string({ label: 'Submit Text' }),
        thankYouMessageJson: string({ label: 'Thank You Message Json' }),
        themeColor: string({ label: 'Theme Color' }),
        themeName: string({ label: 'Theme Name' }),
        unpublishAt: long({ label: 'Unpublish At' }),
        updatedAt: long({ label: 'Updated At' }),
      },
    }),

    crm_pipelines: entity({
      label: 'CRM_Pipeline',
      docs: 'https://legacydocs.hubspot.com/docs/methods/pipelines/get_pipelines_for_object_type',
      path: '/crm-pipelines/v1/pipelines/{type}',
      each: { type: ['deals', 'tickets'] },
      // The guide has a list here, where the vendor has one id.
      records: (answer) =>
        listed<{ objectTypeId: unknown }>(answer).map((one) => ({
          ...one,
          objectTypeId: [one.objectTypeId],
        })),
      pagination: 'onePage',
      primaryKey: ['pipelineId'],
      fields: {
        active: boolean({ label: 'Active' }),
        createdAt: long({ label: 'Created At' }),
        default: boolean({ label: 'Default' }),
        displayOrder: integer({ label: 'Display Order' }),
        label: string({ label: 'Label' }),
        objectType: string({ label: 'Object Type' }),
        objectTypeId: list({ label: 'ObjectTypeId' }),
        pipelineId: string({ label: 'Pipeline Id' }),
        stages: list({ label: 'Stages' }),
        updatedAt: long({ label: 'Updated At' }),
      },
    }),

    campaigns: entity({
      label: 'Campaign',
      docs: 'https://legacydocs.hubspot.com/docs/methods/email/get_campaigns_by_id',
      path: '/email/public/v1/campaigns/by-id',
      records: 'campaigns',
      pagination: cursor({ at: 'offset', more: 'hasMore', param: 'offset', size: { limit: 1000 } }),
      primaryKey: ['id'],
      fields: {
        appId: long({ label: 'App Id' }),
        appName: string({ label: 'App Name' }),
        id: string({ label: 'Id' }),
        lastUpdatedTime: string({ label: 'Last Updated Time' }),
      },
    }),

    contact_lists: entity({
      label: 'Contact_List',
      docs: 'https://legacydocs.hubspot.com/docs/methods/lists/get_lists',
      path: '/contacts/v1/lists',
      records: 'lists',
      pagination: cursor({ at: 'offset', more: 'has-more', param: 'offset', size: { count: 250 } }),
      mayRepeat: true,
      primaryKey: ['listId'],
      fields: {
        archived: boolean({ label: 'Archived' }),
        authorId: string({ label: 'Author Id' }),
        createdAt: long({ label: 'Created At' }),
        dynamic: boolean({ label: 'Dynamic' }),
        filters: list({ label: 'Filters' }),
        ilsFilterBranch: string({ label: 'Its Filter Branch' }),
        internal: boolean({ label: 'Internal' }),
        limitExempt: boolean({ label: 'Limit Exempt' }),
        listId: long({ label: 'List Id' }),
        listType: string({ label: 'List Type' }),
        metaData: struct({ label: 'Meta Data' }),
        name: string({ label: 'Name' }),
        parentId: long({ label: 'Parent Id' }),
        portalId: long({ label: 'Portal Id' }),
        readOnly: boolean({ label: 'Read Only' }),
        teamIds: list({ label: 'Team Ids' }),
        updatedAt: long({ label: 'Updated At' }),
      },
    }),

    email_events: entity({
      label: 'Email_Event',
      docs: 'https://developers.hubspot.com/docs/api-reference/legacy/email-analytics-v1/events/get-email-public-v1-events',
      path: '/email/public/v1/events',
      records: 'events',
      pagination: cursor({ at: 'offset', more: 'hasMore', param: 'offset', size: { limit: 1000 } }),
      primaryKey: ['id', 'created'],
      incremental: {
        field: 'createdAt',
        from: 'startTimestamp',
        to: { param: 'endTimestamp', operator: 'LESS_THAN_OR_EQUAL_TO' },
        sees: 'inserts',
      },
      fields: {
        appId: long({ label: 'App Id' }),
        appName: string({ label: 'App Name' }),
        attempt: integer({ label: 'Attempt' }),
        browser: struct({ label: 'Browser' }),
        created: long({ label: 'Created' }),
        deviceType: string({ label: 'Device Type' }),
        dropMessage: string({ label: 'Drop Message' }),
        dropReason: string({ label: 'Drop Reason' }),
        emailCampaignId: long({ label: 'Email Campaign Id' }),
        filteredEvent: boolean({ label: 'Filtered Event' }),
        from: string({ label: 'From' }),
        id: string({ label: 'Id' }),
        location: struct({ label: 'Location' }),
        portalId: long({ label: 'Portal Id' }),
        recipient: string({ label: 'Recipient' }),
        replyTo: list({ label: 'Reply To' }),
        response: string({ label: 'Response' }),
        sentBy: struct({ label: 'Sent By' }),
        smtpId: string({ label: 'Smtp Id' }),
        subject: string({ label: 'Subject' }),
        suppressedMessage: string({ label: 'Suppressed Message' }),
        suppressedReason: string({ label: 'Suppressed Reason' }),
        type: string({ label: 'Type' }),
        userAgent: string({ label: 'User Agent' }),
        bcc: list({ label: 'bcc' }),
        cc: list({ label: 'cc' }),
        duration: long({ label: 'duration' }),
        createdAt: dateTime({ label: 'Created At', at: 'created', format: 'epochMilliseconds' }),
      },
    }),
  },
});
