import { alike, boolean, entity, integer, list, string } from '#core';
import { byCreation, common, filtered, identity, moment } from './fields.ts';

export const files = {
  file_links: entity({
    label: 'File Link',
    docs: 'https://docs.stripe.com/api/file_links/list',
    path: '/v1/file_links',
    primaryKey: ['id'],
    incremental: byCreation,
    fields: {
      ...common,
      ...filtered('file'),
      url: string(),
      expires_at: moment(),
      expired: boolean({ filters: { EQUAL_TO: 'expired' } }),
    },
  }),

  report_types: entity({
    label: 'Report Type',
    docs: 'https://docs.stripe.com/api/reporting/report_type/list',
    path: '/v1/reporting/report_types',
    pagination: 'onePage',
    primaryKey: ['id'],
    fields: {
      ...identity,
      version: integer(),
      name: string(),
      livemode: boolean(),
      ...alike(moment(), 'data_available_end', 'data_available_start', 'updated'),
      default_columns: list(),
    },
  }),
};
