/** Whether credentials have these members. */
export function holds(
  credentials: Readonly<Record<string, string>>,
  members: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(members).every(([name, value]) => credentials[name] === value);
}
