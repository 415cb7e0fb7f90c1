/**
 * AppFlow's schedules: their expressions, what Amazon EventBridge Scheduler makes of them, and when a run is due.
 *
 * Scheduler's syntax: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html. AppFlow's times are
 * UTC whatever its `timezone` says, which is a label.
 */

import { TributaryError } from '../errors.ts';
import type { ScheduledTriggerProperties } from './definition.ts';

const unitSeconds = { minute: 60, hour: 3600, day: 86_400, week: 7 * 86_400, month: 30 * 86_400 } as const;
type Unit = keyof typeof unitSeconds;

export type Schedule =
  | { readonly kind: 'rate'; readonly value: number; readonly unit: Unit }
  | { readonly kind: 'cron'; readonly fields: readonly string[] };

/**
 * `rate(5minutes)`, also with blanks or a singular unit, or `cron(…)` with six fields; letter case counts for nothing.
 *
 * @throws TributaryError FlowInvalid for anything else, naming the cron field that is wrong.
 */
export function parseSchedule(expression: string): Schedule {
  const rate = /^\s*rate\(\s*(\d+)\s*(minute|hour|day|week|month)s?\s*\)\s*$/i.exec(expression);
  if (rate?.[1] && rate[2]) {
    const value = Number(rate[1]);
    if (value < 1 || value > 100_000) throw invalid(expression, 'a number from 1 to 100000');
    return { kind: 'rate', value, unit: rate[2].toLowerCase() as Unit };
  }
  const cron = /^\s*cron\(([^()]*)\)\s*$/i.exec(expression);
  if (cron?.[1] === undefined) {
    throw invalid(expression, 'rate(5minutes), rate(1hours), rate(1days) … or cron(0 4 * * ? *)');
  }
  const fields = cron[1].toUpperCase().split(/\s+/).filter(Boolean);
  const problem = cronProblem(fields);
  if (problem) throw invalid(expression, problem);
  return { kind: 'cron', fields };
}

function invalid(expression: string, expected: string): TributaryError {
  return new TributaryError('FlowInvalid', 'not a schedule expression', {
    got: JSON.stringify(expression),
    expected,
  });
}

// ---- cron ----

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

interface CronField {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly words?: readonly string[];
  readonly wildcards: string;
  /** Forms that only this field has. */
  readonly special?: RegExp;
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html */
const cronFields: readonly CronField[] = [
  { name: 'minutes', from: 0, to: 59, wildcards: ', - * /' },
  { name: 'hours', from: 0, to: 23, wildcards: ', - * /' },
  {
    name: 'day-of-month',
    from: 1,
    to: 31,
    wildcards: ', - * ? / L W',
    special: /^(?:\?|L|(?:[1-9]|[12]\d|3[01])W)$/,
  },
  { name: 'month', from: 1, to: 12, words: months, wildcards: ', - * /' },
  {
    name: 'day-of-week',
    from: 1,
    to: 7,
    words: weekdays,
    wildcards: ', - * ? L #',
    special: /^(?:\?|L|(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(?:L|#[1-5]))$/,
  },
  { name: 'year', from: 1970, to: 2199, wildcards: ', - * /' },
];

/** What should stand there instead, if the fields are no cron expression of EventBridge. */
function cronProblem(fields: readonly string[]): string | undefined {
  if (fields.length !== 6) {
    return `six fields: minutes hours day-of-month month day-of-week year, got ${fields.length}`;
  }
  for (const [i, field] of cronFields.entries()) {
    const text = fields[i] ?? '';
    if (field.special?.test(text) || cronValues(text, field)) continue;
    const words = field.words ? ` or ${field.words[0]}-${field.words.at(-1)}` : '';
    return `${field.name} of ${field.from}-${field.to}${words} with ${field.wildcards}, got '${text}'`;
  }
  return (fields[2] === '?') === (fields[4] === '?')
    ? "'?' in day-of-month or in day-of-week, and not in both"
    : undefined;
}

/** The values that a field of lists, ranges and steps stands for, ascending; undefined if it is not well formed. */
function cronValues(text: string, field: CronField): number[] | undefined {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const match = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item);
    if (!match) return undefined;
    const [, low, high, step] = match;
    if (step !== undefined && !field.wildcards.includes('/')) return undefined;
    const start = low === undefined ? field.from : cronNumber(low, field);
    const end = high !== undefined ? cronNumber(high, field) : low === undefined || step ? field.to : start;
    const by = step === undefined ? 1 : Number(step);
    if (start === undefined || end === undefined || start > end || by < 1) return undefined;
    for (let value = start; value <= end; value += by) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

function cronNumber(text: string, field: CronField): number | undefined {
  const word = field.words?.indexOf(text) ?? -1;
  if (word >= 0) return word + 1;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= field.from && value <= field.to ? value : undefined;
}

// ---- EventBridge Scheduler ----

/**
 * The expression for EventBridge Scheduler, to be evaluated in UTC. Scheduler counts a rate from when the schedule was
 * made and takes no StartDate in the past, so a rate with a `scheduleStartTime` becomes the cron expression that falls
 * on the start and every period after it, where there is one: rates that divide an hour, a day or a week, a week, a month.
 * Another rate (90 minutes, 5 hours, 10 days) stays a rate, counted from the deployment. Weeks become days. Months need
 * cron, as Scheduler knows no rate of months.
 *
 * @throws TributaryError NotRunnable for months that cron cannot express, with the way out; FlowInvalid as `parseSchedule`.
 */
export function schedulerExpression(scheduled: ScheduledTriggerProperties): string {
  const schedule = parseSchedule(scheduled.scheduleExpression);
  if (schedule.kind === 'cron') return `cron(${schedule.fields.join(' ')})`;
  const { value, unit } = schedule;
  if (unit === 'month') return monthly(value, scheduled);
  const anchored =
    scheduled.scheduleStartTime === undefined
      ? undefined
      : anchoredCron(value, unit, startOf(scheduled.scheduleStartTime));
  if (anchored) return anchored;
  const [count, name] = unit === 'week' ? [value * 7, 'day'] : [value, unit];
  return `rate(${count} ${name}${count === 1 ? '' : 's'})`;
}

/** Cron knows no seconds; in a minute that has begun before the start, the first run would be lost. */
function startOf(scheduleStartTime: number): Date {
  return new Date(Math.ceil(scheduleStartTime / 60) * 60_000);
}

function anchoredCron(
  value: number,
  unit: 'minute' | 'hour' | 'day' | 'week',
  start: Date,
): string | undefined {
  const [minute, hour] = [start.getUTCMinutes(), start.getUTCHours()];
  const period = (value * unitSeconds[unit]) / 60;
  const every = (count: number, first: number, all: number) =>
    count === 1 ? '*' : count === all ? first : `${first % count}/${count}`;
  if (60 % period === 0) return `cron(${every(period, minute, 60)} * * * ? *)`;
  if (period % 60 === 0 && 24 % (period / 60) === 0)
    return `cron(${minute} ${every(period / 60, hour, 24)} * * ? *)`;
  if (period === 7 * 24 * 60) return `cron(${minute} ${hour} ? * ${weekdays[start.getUTCDay()]} *)`;
  return undefined;
}

function monthly(count: number, scheduled: ScheduledTriggerProperties): string {
  const refuse = (problem: string, fix: string) =>
    new TributaryError('NotRunnable', `${scheduled.scheduleExpression} ${problem}`, { fix });
  if (scheduled.scheduleStartTime === undefined) {
    throw refuse('needs a day to count from', 'set scheduleStartTime, or write a cron expression');
  }
  const start = startOf(scheduled.scheduleStartTime);
  const day = start.getUTCDate();
  if (day > 28) {
    throw refuse(
      `begins on day ${day}, which not every month has`,
      'start on day 1 to 28, or write cron(… L * ? *)',
    );
  }
  const time = `${start.getUTCMinutes()} ${start.getUTCHours()} ${day}`;
  const month = start.getUTCMonth() + 1;
  if (count % 12 === 0) {
    const years = count / 12;
    return `cron(${time} ${month} ? ${years === 1 ? '*' : `${start.getUTCFullYear()}/${years}`})`;
  }
  if (12 % count !== 0) {
    throw refuse(
      'falls on other months each year',
      'use 1, 2, 3, 4, 6 or a multiple of 12 months, or a cron expression',
    );
  }
  const first = ((month - 1) % count) + 1;
  return `cron(${time} ${count === 1 ? '*' : `${first}/${count}`} ? *)`;
}

// ---- time ----

/**
 * Seconds between two runs. Months count as 30 days. For cron the shortest time between two runs of a day, and one
 * day where it runs once a day or less often.
 */
export function periodSeconds(scheduled: ScheduledTriggerProperties): number {
  const schedule = parseSchedule(scheduled.scheduleExpression);
  if (schedule.kind === 'rate') return schedule.value * unitSeconds[schedule.unit];
  const [minutes, hours] = cronFields.map((field, i) => cronValues(schedule.fields[i] ?? '', field) ?? []);
  const times = (hours ?? []).flatMap((hour) => (minutes ?? []).map((minute) => (hour * 60 + minute) * 60));
  const gaps = times.map((time, i) => (times[i + 1] ?? (times[0] ?? 0) + unitSeconds.day) - time);
  return Math.min(...gaps);
}

/**
 * Whether a scheduled run may start at a moment: `notYet` before scheduleStartTime, `over` from scheduleEndTime on.
 *
 * @param dueAt epoch milliseconds for which the run was scheduled: a delivery that comes late counts for its time.
 */
export function scheduleAllows(
  scheduled: ScheduledTriggerProperties,
  dueAt: number,
): 'run' | 'notYet' | 'over' {
  const { scheduleStartTime, scheduleEndTime } = scheduled;
  if (scheduleStartTime !== undefined && dueAt < scheduleStartTime * 1000) return 'notYet';
  return scheduleEndTime !== undefined && dueAt >= scheduleEndTime * 1000 ? 'over' : 'run';
}

/**
 * The latest moment at or before `now` that a rate counted from scheduleStartTime falls on; epoch milliseconds.
 * Undefined before the start, without one, and for months and cron, which follow the calendar.
 */
export function lastDueAt(scheduled: ScheduledTriggerProperties, now: number): number | undefined {
  const schedule = parseSchedule(scheduled.scheduleExpression);
  if (schedule.kind === 'cron' || schedule.unit === 'month' || scheduled.scheduleStartTime === undefined) {
    return undefined;
  }
  const start = scheduled.scheduleStartTime * 1000;
  const period = periodSeconds(scheduled) * 1000;
  return now < start ? undefined : start + Math.floor((now - start) / period) * period;
}
