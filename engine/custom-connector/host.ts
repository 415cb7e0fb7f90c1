/** A request or an answer of the connector protocol: JSON. */
export type ProtocolMessage = Readonly<Record<string, unknown>>;

/** Bytes of JSON that a function takes, and answers with, at most: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const payloadLimit = 6 * 1024 * 1024;

/** An answer above {@link payloadLimit}: fewer records have to be asked for. */
export const answerTooLarge = 'AnswerTooLarge';

/** What runs a custom connector: AWS Lambda, or a process of this machine. */
export interface ConnectorHost {
  /**
   * Sends one request and waits for its answer.
   *
   * @param request below {@link payloadLimit}
   * @param timeout milliseconds
   * @throws ServerError if the connector fails without an answer of the protocol, RequestTimeout, ConnectorProtocol
   * (with the vendorCode {@link answerTooLarge} for too large an answer), AccessDenied or ResourceNotFoundError if it
   * cannot be called
   */
  invoke(request: ProtocolMessage, timeout: number): Promise<unknown>;
  /**
   * Lets the connector read a connection's credentials.
   *
   * @param credentials as the connection holds them
   * @returns the ARN that the connector asks Secrets Manager for
   */
  secretArn(connectorProfileName: string, credentials: Readonly<Record<string, string>>): Promise<string>;
  /** The same for an access token, without what it was got with: client secret and refresh token stay ours. */
  tokenSecretArn(connectorProfileName: string, accessToken: string): Promise<string>;
}
