/**
 * Why runs fail: the one table of what an error most likely means and what to do about it. An error's code chooses the
 * rows, what else it said the row: the first that fits, the last of each code fits always.
 *
 * Texts may have holes, see {@link CauseWords}.
 */

import type { ErrorCode } from '../../core/errors.ts';
import type { StepName } from '../../core/flow/state-machine.ts';

/** Whether the same run would get further, all else left as it is. */
export type RetryAdvice = 'now' | 'later' | 'afterFix';

/** What the texts' holes are filled with. */
export interface CauseWords {
  readonly flow: string;
  readonly run: string;
  /** ` --aws` behind commands on a deployed flow, or nothing. */
  readonly aws: string;
  /** `source` or `destination`: what the failure is of. */
  readonly side: string;
  /** `connection shop`, or `the connection`. */
  readonly connection: string;
  /** The command that changes the connection. */
  readonly edit: string;
  readonly connector: string;
  /** The IAM action that was refused. */
  readonly action: string;
  /** `the source bucket`, `the destination bucket`, `the state bucket`, `the error bucket`, `the bucket`. */
  readonly bucket: string;
  /** ` (repo, user)`, or nothing. */
  readonly scopes: string;
  /** `, with the scopes repo, user`, or nothing. */
  readonly needs: string;
  /** `; see https://…`, or nothing. */
  readonly docs: string;
}

/** What is known of a failure; see `Failure`. */
export interface Facts {
  /** Sentence, value got and fix together. */
  readonly text: string;
  readonly step?: StepName | undefined;
  readonly status?: number | undefined;
  readonly vendorCode?: string | undefined;
  /** Of the AWS call that failed. */
  readonly action?: string | undefined;
  readonly bucketOf?: 'source' | 'destination' | 'state' | 'error' | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

export interface Cause {
  /** Stable, for programs: `scopeMissing`. */
  readonly name: string;
  /** Absent: always. All that is named must hold. */
  readonly when?: {
    readonly says?: RegExp;
    readonly status?: readonly number[];
    readonly vendorCode?: RegExp;
    readonly action?: RegExp;
    readonly bucketOf?: Facts['bucketOf'];
    readonly step?: StepName;
    readonly waitIsTold?: true;
  };
  readonly cause: string;
  /** Absent: what the error itself says to do. */
  readonly fix?: string;
  /** The fix only if the error itself names none. */
  readonly elseFix?: string;
  readonly retry: RetryAdvice;
}

export function causeOf(code: string, facts: Facts): Cause {
  const rows = Object.hasOwn(causes, code) ? causes[code] : [];
  return rows?.find(({ when }) => fits(when, facts)) ?? unforeseen;
}

function fits(when: Cause['when'], facts: Facts): boolean {
  if (!when) return true;
  const { says, status, vendorCode, action, bucketOf, step, waitIsTold } = when;
  return (
    (!says || says.test(facts.text)) &&
    (!status || (facts.status !== undefined && status.includes(facts.status))) &&
    (!vendorCode || vendorCode.test(facts.vendorCode ?? '')) &&
    (!action || action.test(facts.action ?? '')) &&
    (!bucketOf || bucketOf === facts.bucketOf) &&
    (!step || step === facts.step) &&
    (!waitIsTold || facts.retryAfterSeconds !== undefined)
  );
}

const pullAgain = 'start the flow again: nothing of this run was written';

/** Of codes in no table: a bug, of ours or of a library. */
const unforeseen: Cause = {
  name: 'unforeseen',
  cause: 'Tributary met something that it does not foresee; this may be a defect of its own.',
  fix: 'report it with the folder that `tributary explain {run}{aws} --bundle DIR` writes',
  retry: 'now',
};

const aws = /^[a-z0-9-]+:[A-Z]/;

/** By code of the taxonomy. */
const ofCodes: Readonly<Record<ErrorCode, readonly Cause[]>> = {
  FlowInvalid: [
    {
      name: 'flowMoved',
      when: { says: /not the one that this flow has run with/ },
      cause:
        'The definition was changed to another source or destination; watermark and schema version of {flow} belong to the old ones.',
      fix: 'give the changed flow another flowName, or forget the old state with `tributary reset {flow}{aws}`',
      retry: 'afterFix',
    },
    {
      name: 'definitionInvalid',
      cause: 'The definition does not go together with what the {side} offers.',
      elseFix:
        'mend the definition at the place that the error names; `tributary preview` tries it without a run',
      retry: 'afterFix',
    },
  ],
  NotRunnable: [
    {
      name: 'tooManyObjects',
      when: { says: /more objects than one commit/ },
      cause:
        'The partition keys or the aggregation split the output into more objects than one commit can hold.',
      elseFix: 'partition by fewer or coarser fields, or aggregate to a target file size',
      retry: 'afterFix',
    },
    {
      name: 'notInThisVersion',
      cause: 'The definition is correct, but asks for something that this version cannot do.',
      elseFix: 'see docs/parity.md for what there is instead',
      retry: 'afterFix',
    },
  ],
  ConnectionInvalid: [
    {
      name: 'hostRefused',
      when: { says: /host that is not the vendor's|may only be a server on this machine/ },
      cause:
        "A setting of {connection} (instance, domain, shop …) leads to a host that is not the vendor's. No credentials were sent.",
      elseFix: 'mend the setting with `{edit}`',
      retry: 'afterFix',
    },
    {
      name: 'settingWrong',
      when: { says: /the setting '/ },
      cause: '{connection} lacks a setting that {connector} needs, or has a wrong value in it.',
      elseFix: 'set it with `{edit}`',
      retry: 'afterFix',
    },
    {
      name: 'connectionMissing',
      when: { says: /there is no (?:such )?connection/ },
      cause: 'The flow names a connection that is not there.',
      elseFix: 'add its file and deploy, or mend connectorProfileName',
      retry: 'afterFix',
    },
    {
      name: 'connectionInvalid',
      cause: "The connection's file or its settings are wrong.",
      elseFix: 'mend them with `{edit}`',
      retry: 'afterFix',
    },
  ],
  InvalidArgument: [
    {
      name: 'windowEmpty',
      when: { says: /the window is empty/ },
      cause: 'The run was asked for a window that ends before it begins.',
      fix: 'start it with a --from that lies before its --to',
      retry: 'afterFix',
    },
    {
      name: 'inputInvalid',
      when: { says: /the execution input/ },
      cause: 'The execution was started with an input that is not one of a run.',
      fix: 'start it with an input as docs/architecture.md describes, or with `tributary start FLOW{aws}`',
      retry: 'afterFix',
    },
    {
      name: 'argumentInvalid',
      cause: 'A value of the flow, of the run or of the connection is not one that can be used here.',
      elseFix: 'mend the value that the error names',
      retry: 'afterFix',
    },
  ],
  InvalidCredentials: [
    {
      name: 'clockWrong',
      when: { says: /set this machine's clock/ },
      cause:
        'The clock of this machine is wrong, so that the vendor takes the signed request for old or not yet valid.',
      retry: 'afterFix',
    },
    {
      name: 'clockWrong',
      when: { vendorCode: /^RequestTimeTooSkewed$|^RequestExpired$|^InvalidSignatureException$/ },
      cause: 'The clock of this machine is wrong, so that AWS takes its signatures for old.',
      fix: "set this machine's clock",
      retry: 'afterFix',
    },
    {
      name: 'consentNeeded',
      when: { says: /needs consent/ },
      cause: 'The refresh token of {connection} has expired, or a person has revoked it at the vendor.',
      elseFix: 'consent anew with `{edit}`',
      retry: 'afterFix',
    },
    {
      name: 'consentNeeded',
      when: {
        vendorCode:
          /^(?:invalid_grant|bad_refresh_token|invalid_refresh_token|token_revoked|interaction_required|consent_required)$/,
      },
      cause: 'The grant of {connection} has expired, or a person has revoked it at the vendor.',
      fix: 'renew it with `{edit}`',
      retry: 'afterFix',
    },
    {
      name: 'clientWrong',
      when: { vendorCode: /^(?:invalid_client|unauthorized_client)$/ },
      cause:
        'The vendor does not know the client of {connection}: its id or secret is wrong, or the app was removed.',
      fix: 'put the right client id and secret into the connection with `{edit}`',
      retry: 'afterFix',
    },
    {
      name: 'credentialsMissing',
      when: {
        says: /no usable credentials|(?:has|holds) no credentials|not set:|credentials have no|needs a value/,
      },
      cause: '{connection} has no credentials that could be used.',
      elseFix: 'give it some with `{edit}`',
      retry: 'afterFix',
    },
    {
      name: 'keyUnusable',
      when: { says: /privateKey is not usable|no signing key/ },
      cause: 'A private key is not in a form that can be used.',
      elseFix: 'give it as PEM, whole, with its line breaks, with `{edit}`',
      retry: 'afterFix',
    },
    {
      name: 'awsCredentialsExpired',
      when: { action: aws },
      cause:
        "AWS does not take this process's credentials: the session has expired, or they are of another account.",
      retry: 'afterFix',
    },
    {
      name: 'databasePasswordWrong',
      when: { vendorCode: /^(?:28P01|28000|ER_ACCESS_DENIED_ERROR)$/ },
      cause: 'The database does not take the user name and password of {connection}.',
      fix: 'put the right ones into it with `{edit}`, and check that the user may log in from this network',
      retry: 'afterFix',
    },
    {
      name: 'credentialsRefused',
      cause:
        'The vendor does not take the credentials of {connection} any more: expired, revoked, mistyped, or of another account or environment.',
      fix: 'renew them with `{edit}`{docs}',
      retry: 'afterFix',
    },
  ],
  AccessDenied: [
    {
      name: 'keyDenied',
      when: { action: /^kms:/ },
      cause: 'The KMS key does not let the function use it: by its own policy, or as it is disabled.',
      retry: 'afterFix',
    },
    {
      name: 'keyDenied',
      when: { action: /^s3:/, says: /kms:[A-Z]|KMS\./ },
      cause: 'The KMS key that {bucket} is encrypted with does not let the function use it, or is disabled.',
      fix: "allow the function's role kms:Decrypt and kms:GenerateDataKey in the key's policy, and enable the key",
      retry: 'afterFix',
    },
    {
      name: 'sourceBucketDenied',
      when: { action: /^s3:/, bucketOf: 'source' },
      cause: "The function's role may not read the source bucket, or the bucket's own policy denies it.",
      retry: 'afterFix',
    },
    {
      name: 'destinationBucketDenied',
      when: { action: /^s3:/, bucketOf: 'destination' },
      cause:
        "The function's role may not write to the destination bucket, or the bucket's own policy denies it.",
      retry: 'afterFix',
    },
    {
      name: 'stateBucketDenied',
      when: { action: /^s3:/, bucketOf: 'state' },
      cause:
        "The function's role may not use Tributary's state bucket: a policy was changed behind the deployment.",
      retry: 'afterFix',
    },
    {
      name: 'bucketDenied',
      when: { action: /^s3:/ },
      cause: "The function's role may not use the bucket, or the bucket's own policy denies it.",
      retry: 'afterFix',
    },
    {
      name: 'stateTableDenied',
      when: { action: /^dynamodb:/ },
      cause:
        "The function's role may not use Tributary's state table: a policy was changed behind the deployment.",
      retry: 'afterFix',
    },
    {
      name: 'catalogDenied',
      when: { action: /^glue:/ },
      cause:
        "The function's role may not change the Glue database: by IAM, or as Lake Formation grants it no CREATE_TABLE and ALTER there.",
      retry: 'afterFix',
    },
    {
      name: 'secretDenied',
      when: { action: /^secretsmanager:/ },
      cause: "The function's role may not read the secret of {connection}.",
      retry: 'afterFix',
    },
    {
      name: 'awsDenied',
      when: { action: aws },
      cause: "The function's role may not do {action}.",
      retry: 'afterFix',
    },
    {
      name: 'fileDenied',
      when: { says: /the file system refused|others may read this secret/ },
      cause: 'The user of this process may not use the file or folder, or it is too open for a secret.',
      retry: 'afterFix',
    },
    {
      name: 'tableDenied',
      when: { says: /may not read the table|\n(?:42501|ER_TABLEACCESS_DENIED_ERROR)$/ },
      cause: 'The database user of {connection} has no privilege on the table.',
      elseFix: 'grant it SELECT there',
      retry: 'afterFix',
    },
    {
      name: 'scopeMissing',
      when: {
        vendorCode:
          /^(?:invalid_scope|missing_scope|insufficient_scope|ACCESS_TOKEN_SCOPE_INSUFFICIENT|MISSING_SCOPES)$/,
      },
      cause: '{connection} was granted without a scope that this entity needs.',
      fix: 'grant the scopes that {connector} asks for{scopes} and consent anew with `{edit}`{docs}',
      retry: 'afterFix',
    },
    {
      name: 'scopeMissing',
      when: { says: /\bscopes?\b/i },
      cause: '{connection} was granted without a scope that this entity needs.',
      fix: 'grant the scopes that {connector} asks for{scopes} and consent anew with `{edit}`{docs}',
      retry: 'afterFix',
    },
    {
      name: 'permissionMissing',
      cause: 'The credentials of {connection} are good, but their owner may not see this entity.',
      fix: 'give that user, token or app access to the entity at the vendor{needs}{docs}',
      retry: 'afterFix',
    },
  ],
  ResourceNotFoundError: [
    {
      name: 'destinationBucketMissing',
      when: { says: /the destination bucket/ },
      cause: 'The destination bucket is not there, or its name is misspelt.',
      retry: 'afterFix',
    },
    {
      name: 'sourceEmpty',
      when: { says: /no objects to read/ },
      cause:
        'There is no object below the prefix that the flow reads: the files are not there yet, or the prefix is misspelt.',
      elseFix: 'mend bucketPrefix, or wait for the files',
      retry: 'afterFix',
    },
    {
      name: 'papersGone',
      when: { says: /papers of the run|quarantine of the run/ },
      cause: 'What the run left in the state bucket is kept for a while only, and is gone.',
      fix: 'start a run with --from and --to for its window',
      retry: 'afterFix',
    },
    {
      name: 'catalogDatabaseMissing',
      when: { step: 'CatalogOutput' },
      cause: 'The Glue database of the flow is not there.',
      elseFix: 'create the database, or mend metadataCatalogConfig',
      retry: 'afterFix',
    },
    {
      name: 'keyMissing',
      when: { vendorCode: /^KMS\.NotFoundException$|^NotFoundException$/ },
      cause: 'The KMS key is not there, or is in another region.',
      elseFix: 'mend kmsArn of the flow',
      retry: 'afterFix',
    },
    {
      name: 'bucketMissing',
      when: { says: /the bucket does not exist/ },
      cause: 'The bucket is not there, or its name is misspelt.',
      elseFix: 'create the bucket, or mend bucketName',
      retry: 'afterFix',
    },
    {
      name: 'tableMissing',
      when: { says: /no such (?:table|schema)/ },
      cause: 'The table or schema is not there, or the database user may not see it.',
      elseFix: 'mend the entity name, or grant USAGE on the schema and SELECT on the table',
      retry: 'afterFix',
    },
    {
      name: 'entityMissing',
      when: { status: [404, 410] },
      cause:
        'The vendor has nothing at this address: a setting of {connection} names something that is gone, or the credentials may not see it.',
      fix: 'check the settings with `{edit}`, and that their owner sees the entity at the vendor{docs}',
      retry: 'afterFix',
    },
    {
      name: 'notThere',
      cause: 'Something that the flow names is not there, or may not be seen.',
      elseFix: 'check the name that the error tells',
      retry: 'afterFix',
    },
  ],
  SchemaChanged: [
    {
      name: 'typeChanged',
      when: { says: /changed while/ },
      cause: 'Somebody changed the table while it was being read.',
      elseFix: pullAgain,
      retry: 'now',
    },
    {
      name: 'fieldGone',
      cause:
        'A field that the flow uses is no longer offered by the source: renamed, removed, or hidden from this user.',
      elseFix:
        "mend the flow's tasks, or bring the field back at the source; `tributary discover` lists what is there",
      retry: 'afterFix',
    },
  ],
  SourceDataInvalid: [
    {
      name: 'raggedRecord',
      when: { says: /one field for each column/ },
      cause:
        'A line of the CSV file has more or fewer fields than its header row: mostly a comma or line break in an unquoted field.',
      retry: 'afterFix',
    },
    {
      name: 'quoteOpen',
      when: { says: /never closed|text follows a closing quote/ },
      cause:
        'A quote in the CSV file is not closed or not doubled, so that what follows is read as one field.',
      elseFix: 'double the quotes within quoted fields',
      retry: 'afterFix',
    },
    {
      name: 'recordTooLong',
      when: { says: /record that begins here is too long|a line is too long/ },
      cause:
        "A record is larger than the function's memory has room for, or does not end where it should: a quote that is not closed, a line end that is missing.",
      retry: 'afterFix',
    },
    {
      name: 'headerWrong',
      when: { says: /has no name of its own|has no headers|have one name/ },
      cause: 'The header row leaves a column without a name, or names two alike.',
      elseFix: 'give each column a name of its own',
      retry: 'afterFix',
    },
    {
      name: 'notUtf8',
      when: { says: /UTF-8|UTF-16/ },
      cause: 'The file is in another encoding than UTF-8, most likely Latin-1, Windows-1252 or UTF-16.',
      elseFix: 'write the file as UTF-8',
      retry: 'afterFix',
    },
    {
      name: 'jsonBroken',
      when: { says: /not valid JSON|no JSON object/ },
      cause:
        'A line of the file is no JSON object: cut off, pretty-printed over several lines, or one array of all records.',
      elseFix: 'write one JSON object a line',
      retry: 'afterFix',
    },
    {
      name: 'gzipBroken',
      when: { says: /gzip file is broken/ },
      cause: 'The gzip file ends before its end: its upload or download broke off.',
      elseFix: 'upload it again, whole',
      retry: 'afterFix',
    },
    {
      name: 'changedWhileRead',
      when: { says: /changed while/ },
      cause: 'The object was replaced while the run read it.',
      fix: pullAgain,
      retry: 'now',
    },
    {
      name: 'keyNotUnique',
      when: { says: /keyFields/ },
      cause: 'The fields that rows are read in the order of do not tell all rows apart.',
      elseFix: 'name fields in keyFields that are unique and never null',
      retry: 'afterFix',
    },
    {
      name: 'dataUnreadable',
      cause: 'The data of the source is not in the form that it is read as.',
      elseFix: 'mend the data at the place that the error names',
      retry: 'afterFix',
    },
  ],
  ConnectorUnreachable: [
    {
      name: 'hostUnknown',
      when: { says: /ENOTFOUND|EAI_AGAIN/ },
      cause: 'The name of the host is not known: misspelt, or there is no DNS where the function runs.',
      fix: 'check the host in {connection}; in a VPC, its DNS and the route to a NAT gateway',
      retry: 'afterFix',
    },
    {
      name: 'connectionRefused',
      when: { says: /ECONNREFUSED/ },
      cause: 'The host is there, but nothing listens at that port, or a firewall refuses.',
      fix: 'check host and port, and that the server runs',
      retry: 'later',
    },
    {
      name: 'tlsFailed',
      when: { says: /CERT|TLS|SSL|SELF_SIGNED|VERIFY|EPROTO|certificate/ },
      cause:
        "The server's certificate could not be proven: expired, of another name, self-signed, or of an authority unknown here.",
      elseFix: "renew the server's certificate, or give its authority to this machine",
      retry: 'afterFix',
    },
    {
      name: 'noRoute',
      when: { says: /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/ },
      cause: 'Packets do not reach the host: a security group, a route, a firewall, or a subnet without NAT.',
      elseFix:
        "check the connection's VPC: subnets, routes and security groups; and the vendor's list of allowed addresses",
      retry: 'afterFix',
    },
    {
      name: 'unreachable',
      cause: 'The host could not be reached.',
      elseFix: 'check the host and the network in between',
      retry: 'later',
    },
  ],
  ValidationTerminated: [
    {
      name: 'validationFailed',
      cause: 'A record fails a validation whose action is to end the run.',
      retry: 'afterFix',
    },
  ],
  RecordRejected: [
    {
      name: 'recordRefused',
      cause:
        'A record cannot be written as the destination field is typed, and the flow says failOnFirstDestinationError.',
      elseFix:
        'mend the record at the source or the mapping; or leave failOnFirstDestinationError out, then such records go to the quarantine',
      retry: 'afterFix',
    },
  ],
  BooksUnbalanced: [
    {
      name: 'booksUnbalanced',
      cause:
        'What was read does not add up to what became of it. This is a defect of Tributary; nothing was written.',
      fix: 'report it with the folder that `tributary explain {run}{aws} --bundle DIR` writes',
      retry: 'now',
    },
  ],
  ExecutionCanceled: [
    {
      name: 'canceled',
      cause: 'Somebody cancelled the run, or stopped its execution.',
      fix: 'start the flow again when it may run',
      retry: 'now',
    },
  ],
  ExecutionTimedOut: [
    {
      name: 'ranTooLong',
      cause: 'The run took longer than 48 hours, the longest that a run may take.',
      fix: 'pull smaller windows with --from and --to, or read with parallelismConfig or filters',
      retry: 'afterFix',
    },
  ],
  ExecutionDied: [
    {
      name: 'executionDied',
      cause:
        'The execution ended without a word: the process or its machine was killed, or its function could not report.',
      fix: pullAgain,
      retry: 'now',
    },
  ],
  FencedOut: [
    {
      name: 'slotLost',
      cause:
        'Another execution took the run slot over, as this one looked dead; what this one did has no effect.',
      fix: "look at the flow's newer run with `tributary runs {flow}{aws}`",
      retry: 'now',
    },
  ],
  ConnectorProtocol: [
    {
      name: 'answerTooLarge',
      when: { says: /too large|larger than|longer than a part|more rows than/ },
      cause: 'A single answer of the vendor is larger than a run can hold.',
      elseFix: 'ask for less at a time: smaller pages, a narrower window, fewer fields',
      retry: 'afterFix',
    },
    {
      name: 'notTheApi',
      when: { says: /is not JSON|is not XML|unknown content encoding/ },
      cause:
        "Something else than the vendor's API answered: a login or error page, a proxy, or a wrong host.",
      elseFix: 'check the settings of {connection}, and what stands between',
      retry: 'later',
    },
    {
      name: 'otherOrigin',
      when: { says: /another origin|redirects in circles/ },
      cause:
        "The vendor's answer leads to another host, where the credentials must not go: the instance has moved, or a setting names an old one.",
      elseFix: 'put the new host into {connection} with `{edit}`',
      retry: 'afterFix',
    },
    {
      name: 'pagesRepeat',
      when: { says: /same page|no token for them|last record to ask from|no page token/ },
      cause:
        'The vendor pages in circles, or does not say how its list goes on. To go on would lose records.',
      elseFix:
        'start again; if it stays, report it with the folder that `tributary explain {run}{aws} --bundle DIR` writes',
      retry: 'later',
    },
    {
      name: 'contractBroken',
      cause:
        "The vendor's answer is not what {connector}'s documentation promises: the API has changed, or another version answered.",
      elseFix: 'report it with the folder that `tributary explain {run}{aws} --bundle DIR` writes',
      retry: 'later',
    },
  ],
  WindowTooLarge: [
    {
      name: 'windowTooLarge',
      cause:
        '{connector} gives no list as long as the one that was asked for, and its window cannot be any shorter.',
      elseFix: 'add a filter that the vendor applies, so that fewer records are asked for at a time',
      retry: 'afterFix',
    },
  ],
  ClientError: [
    {
      name: 'wrongRegion',
      when: {
        vendorCode: /^(?:PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/,
      },
      cause: 'The bucket is in another region than the flow.',
      fix: 'use a bucket of the same region',
      retry: 'afterFix',
    },
    {
      name: 'awsQuota',
      when: { vendorCode: /LimitExceeded|QuotaExceeded|TooManyBuckets/ },
      cause: 'A quota of the AWS account is used up.',
      fix: 'remove what is no longer needed, or ask AWS for a higher quota',
      retry: 'afterFix',
    },
    {
      name: 'notOurs',
      when: { says: /not one of ours/ },
      cause: 'Something of that name is there that Tributary did not make, and is not touched.',
      elseFix: 'rename or remove it',
      retry: 'afterFix',
    },
    {
      name: 'awsRefused',
      when: { action: aws },
      cause: 'AWS refuses the request as it is.',
      elseFix: 'see what the message says of {action}',
      retry: 'afterFix',
    },
    {
      name: 'jobFailed',
      when: { says: /vendor's job failed/ },
      cause: 'The vendor began to prepare the data and then gave up.',
      elseFix: 'start again; if it stays, ask for less: a narrower window, fewer fields',
      retry: 'later',
    },
    {
      name: 'requestRefused',
      cause:
        'The vendor does not take the request as it is: a setting, a filter or a field of the flow means nothing to it, or its plan does not include this entity.',
      elseFix: 'see what the vendor says, and mend settings, filters or fields{docs}',
      retry: 'afterFix',
    },
  ],
  RateLimitExceeded: [
    {
      name: 'jobUnfinished',
      when: { says: /job is not done/ },
      cause: 'The vendor is still preparing the data, longer than the run may wait.',
      fix: 'start again later, or ask for a narrower window',
      retry: 'later',
    },
    {
      name: 'quotaUsedUp',
      when: { waitIsTold: true },
      cause: "The vendor's request quota is used up, by this flow or by others that use the same account.",
      fix: 'wait; if it happens again, run the flow less often, at another time than others, or with a quota of its own',
      retry: 'later',
    },
    {
      name: 'askedToSlowDown',
      cause: 'The vendor asks to slow down, and does not say for how long.',
      fix: 'wait; if it happens again, run the flow less often, at another time than others, or with a quota of its own',
      retry: 'later',
    },
  ],
  ServiceUnavailable: [
    {
      name: 'vendorDown',
      cause: 'The vendor is down or in maintenance. The run has tried again several times.',
      fix: "look at the vendor's status page; a flow on a schedule comes back by itself",
      retry: 'later',
    },
  ],
  ServerError: [
    {
      name: 'answerCutOff',
      when: {
        says: /JSON is broken|XML is broken|compressed body is broken|archive is broken|another number of records/,
      },
      cause: 'An answer of the vendor arrived cut off or broken, several times.',
      elseFix:
        'start again; if it always breaks at the same place, ask for smaller pages or a narrower window',
      retry: 'later',
    },
    {
      name: 'connectionBroke',
      when: { says: /connection broke|connection was lost/ },
      cause:
        'The connection to the source broke while it was in use, several times: its server restarted, or something between cuts long connections.',
      elseFix: 'start again; if it stays, look at the server and at proxies between',
      retry: 'later',
    },
    {
      name: 'vendorFailed',
      cause: 'The vendor failed to answer this request, several times.',
      elseFix: "look at the vendor's status page; if it stays, give the vendor the request id",
      retry: 'later',
    },
  ],
  RequestTimeout: [
    {
      name: 'noAnswerInTime',
      cause:
        'The source took too long to answer, several times: it is overloaded, or asked for too much at once.',
      elseFix:
        'start again; if it stays, ask for less: a narrower window, fewer fields, an index on the incremental field',
      retry: 'later',
    },
  ],
  StateConflict: [
    {
      name: 'changedMeanwhile',
      cause: 'Another process changed the same thing at the same time, again and again.',
      elseFix: 'start again; see with `tributary runs {flow}{aws}` whether another run works on it',
      retry: 'now',
    },
  ],
  StorageUnavailable: [
    {
      name: 'diskFull',
      when: { says: /ENOSPC|EDQUOT/ },
      cause: 'The disk is full.',
      retry: 'afterFix',
    },
    {
      name: 'fileSystemFailed',
      when: { says: /the file system refused/ },
      cause: 'The file system failed.',
      retry: 'afterFix',
    },
    {
      name: 'stateLocked',
      when: { says: /locked by another process/ },
      cause: 'Another process uses the same home.',
      elseFix: 'wait for it to end',
      retry: 'later',
    },
    {
      name: 'awsUnavailable',
      cause: 'AWS throttled or failed a request, several times.',
      elseFix: 'start again in a while; see the AWS Health Dashboard if it stays',
      retry: 'later',
    },
  ],
};

const lambdaFailed: readonly Cause[] = [
  {
    name: 'lambdaFailed',
    cause: 'AWS Lambda failed, several times.',
    fix: 'start again in a while; see the AWS Health Dashboard if it stays',
    retry: 'later',
  },
];

/** Of Step Functions and Lambda: they are not thrown by a step. */
const ofTheService = {
  'Runtime.ExitError': [
    {
      name: 'outOfMemory',
      when: { says: /signal: killed/ },
      cause: 'The function used more memory than it has and was killed, several times.',
      fix: "give the flow's functions more memory (see docs/performance.md), or read smaller files or pages",
      retry: 'afterFix',
    },
    {
      name: 'functionDied',
      cause: 'The function ended without an answer, several times.',
      fix: "look into the function's log group; give it more memory if the log ends suddenly",
      retry: 'now',
    },
  ],
  'Runtime.OutOfMemory': [
    {
      name: 'outOfMemory',
      cause: 'The function used more memory than it has and was killed.',
      fix: "give the flow's functions more memory (see docs/performance.md), or read smaller files or pages",
      retry: 'afterFix',
    },
  ],
  'Lambda.Unknown': [
    {
      name: 'functionDied',
      cause: 'The function ended without an answer, several times: out of memory, or out of time.',
      fix: "look into the function's log group: its REPORT lines tell memory and time used",
      retry: 'now',
    },
  ],
  'Sandbox.Timedout': [
    {
      name: 'functionTimedOut',
      cause:
        'A single step took longer than the 15 minutes of a function: one page or one record takes too long to read.',
      fix: 'ask for smaller pages, or look why the source answers so slowly',
      retry: 'now',
    },
  ],
  'States.Timeout': [
    {
      name: 'functionTimedOut',
      cause: 'A step did not answer in its time, several times.',
      fix: "look into the function's log group",
      retry: 'now',
    },
  ],
  'Lambda.ServiceException': lambdaFailed,
  'Lambda.AWSLambdaException': lambdaFailed,
  'Lambda.SdkClientException': lambdaFailed,
  'Lambda.ClientExecutionTimeoutException': lambdaFailed,
  'Lambda.TooManyRequestsException': [
    {
      name: 'lambdaThrottled',
      cause: "The account's concurrent Lambda executions are used up.",
      fix: 'wait, start fewer runs at once, or ask AWS for a higher quota',
      retry: 'later',
    },
  ],
  'States.ExceedToleratedFailureThreshold': [
    {
      name: 'splitFailed',
      cause: 'A part of the work failed, and its own error did not come through.',
      fix: 'look at the failed child execution of the Map run in the Step Functions console',
      retry: 'now',
    },
  ],
} satisfies Readonly<Record<string, readonly Cause[]>>;

const causes: Readonly<Record<string, readonly Cause[]>> = { ...ofCodes, ...ofTheService };
