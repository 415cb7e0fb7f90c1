/**
 * A custom connector's registration: what AppFlow's RegisterConnector takes, as a file of the repository, and what the
 * connector said of itself when it was registered.
 */

import * as z from 'zod';
import { text } from '../flow/definition.ts';
import { throwAny } from '../flow/finding.ts';
import { parseDocument, shapeFindings } from '../flow/read.ts';
import { configurationProblems, connectorConfigurationSchema } from './configuration.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
const lambdaArn =
  /^arn:aws[a-z-]*:lambda:[a-z]{2}(-[a-z]+)+-\d:\d{12}:function:[\w-]{1,64}(:(\$LATEST|[\w-]+))?$/;

const stand = {
  environment: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/), z.string())
    .optional()
    .describe('Environment variables beside those of this process; nothing secret.'),
};

export const registrationSchema = z.strictObject({
  connectorLabel: text(256, '[a-zA-Z0-9][\\w!@#.-]+').describe(
    "What connections name the connector by: their connectorLabel. The file's name, too.",
  ),
  description: z.string().max(2048).optional(),
  connectorProvisioningType: z.literal('LAMBDA').optional().describe('Default and only value LAMBDA.'),
  connectorProvisioningConfig: z
    .strictObject({
      lambda: z.strictObject({
        lambdaArn: z.string().regex(lambdaArn, { error: 'the ARN of a Lambda function' }),
      }),
    })
    .optional()
    .describe('The function that deployed flows call. Without it, the connector runs on one machine only.'),
  local: z
    .union([
      z.strictObject({
        command: z
          .array(z.string().min(1))
          .min(1)
          .describe('Program and arguments; runs in the folder of this file.'),
        ...stand,
      }),
      z.strictObject({
        module: z.string().min(1).describe('A JavaScript module, relative to this file.'),
        handler: z.string().min(1).optional().describe('Its export. Default `handler`.'),
        ...stand,
      }),
    ])
    .optional()
    .describe('What stands in for the function on one machine.'),
  maxResults: z
    .int()
    .min(10)
    .max(10_000)
    .optional()
    .describe('Records to ask for on a page. Default 1000. Fewer where an answer would exceed 6 MB.'),
  batchSize: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('Records of a WriteData request. Default 500. Fewer where a request would exceed 6 MB.'),
  connectorConfiguration: connectorConfigurationSchema.describe(
    "The connector's own description: `tributary connectors register` writes it.",
  ),
});
export type ConnectorRegistration = z.output<typeof registrationSchema>;

/**
 * Reads a registration from JSON or YAML.
 *
 * @throws TributaryErrors ConnectionInvalid with everything that is wrong
 */
export function readRegistration(text: string, fileName: string): ConnectorRegistration {
  return checkRegistration(parseDocument(text, fileName, 'ConnectionInvalid'), fileName);
}

/** The same for a document that is no text any more. */
export function checkRegistration(document: unknown, fileName: string): ConnectorRegistration {
  throwAny('ConnectionInvalid', shapeFindings(registrationSchema, document), fileName);
  const registration = registrationSchema.parse(document);
  throwAny(
    'ConnectionInvalid',
    configurationProblems(registration.connectorConfiguration).map((problem) => ({
      at: 'connectorConfiguration',
      problem,
      fix: 'mend the connector and register it again',
    })),
    fileName,
  );
  return registration;
}
