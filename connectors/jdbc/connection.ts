import { basic, type CodedConnection } from '#core';

/** What a connection to a database is asked for; README.md tells more. */
export const jdbcConnection: CodedConnection = {
  settings: {
    driver: { label: 'Driver', values: ['postgresql', 'mysql'] },
    hostname: { label: 'Host name' },
    port: { label: 'Port', description: 'Default: 5432 of PostgreSQL, 3306 of MySQL.' },
    database: { label: 'Database' },
    ssl: {
      label: 'Encryption',
      description: 'Default: require, on this machine disable.',
      values: ['require', 'verify-full', 'disable'],
    },
  },
  required: ['driver', 'hostname', 'database'],
  auth: [basic({ label: 'User and password' })],
};
