import { offset } from '#core';

/** https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#pagination; every list gives as many as it gives unasked. */
export const pages = offset({ param: 'startAt', size: { maxResults: 50 }, total: 'total' });

/** The vendor's page about a list. */
export const docsOf = (group: string, resource: string): string =>
  `https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-${group}/#api-rest-api-3-${resource}-get`;
