import type { FlowEvent } from '#core';
import { type MemoryHome, stateBucket } from './memory-home.ts';

/** What a consumer sees of a home in which one run has taken place, and what the next run starts from. */
export function outcome(home: MemoryHome): object {
  const contents = home.state.contents();
  const { STATE, RUN, SLOT } = Object.fromEntries(
    Object.entries(contents).map(([key, data]) => [
      key.slice(key.lastIndexOf(' ') + 1),
      data as Record<string, unknown>,
    ]),
  );
  return {
    objects: home.objects
      .keys('lake')
      .map((key) => [key, home.objects.stored('lake', key)?.body.toString('base64')]),
    state: STATE,
    slot: SLOT,
    // When a run ended depends on the waits between tries.
    run: { ...RUN, endedAt: undefined },
    certificates: certificates(home),
    tables: [...home.catalog.tables].map(([name, entry]) => [name, entry]),
    // At least once: repeats are the same, but for what depends on the waits between tries.
    events: [...new Set(home.events.map((event) => JSON.stringify(withoutEnd(event))))],
  };
}

/** Without their signatures: ECDSA gives another each time. */
function certificates(home: MemoryHome): unknown[] {
  return home.objects
    .keys(stateBucket)
    .filter((key) => key.endsWith('/certificate.json'))
    .map((key) => JSON.parse(home.objects.stored(stateBucket, key)?.body.toString() ?? '').certificate);
}

function withoutEnd({ detailType, resources, detail }: FlowEvent): FlowEvent {
  const { 'end-time': _, 'deactivation-time': __, ...rest } = detail;
  return { detailType, resources, detail: rest };
}

/** What a run that has ended must not have left behind. */
export function leftovers(home: MemoryHome): object {
  return {
    segments: home.objects.keys(stateBucket).filter((key) => key.startsWith('segments/')),
    uploads: home.objects.pendingUploads(),
    uploadRecords: Object.keys(home.state.contents()).filter((key) => key.includes('UPLOAD#')),
  };
}
