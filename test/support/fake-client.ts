/** An AWS SDK client that answers from a script and remembers what it was asked. */

export interface Call {
  readonly command: string;
  readonly input: Record<string, unknown>;
}

type Answer = object | Error | ((input: Record<string, unknown>) => object | Error);

/** Each command's answers in order, the last one for ever; a command without an answer is a mistake of the test. */
export function fakeClient<T>(answers: Readonly<Record<string, Answer | readonly Answer[]>>): {
  client: T;
  calls: Call[];
} {
  const calls: Call[] = [];
  const send = async (command: { constructor: { name: string }; input: Record<string, unknown> }) => {
    const name = command.constructor.name.replace(/Command$/, '');
    const scripted = answers[name];
    const queue = Array.isArray(scripted) ? scripted : [scripted];
    const index = calls.filter((call) => call.command === name).length;
    calls.push({ command: name, input: command.input });
    const answer: Answer | undefined = queue[Math.min(index, queue.length - 1)];
    if (answer === undefined) throw new Error(`the test has no answer to ${name}`);
    const given = typeof answer === 'function' ? answer(command.input) : answer;
    if (given instanceof Error) throw given;
    return given;
  };
  return { client: { send } as T, calls };
}

/** As the SDK throws a service's answer. */
export function serviceError(name: string, httpStatusCode: number, message = name): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode, requestId: 'r-1' } });
}
