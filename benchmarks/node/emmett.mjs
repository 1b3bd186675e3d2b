// Appends two events to new streams from `writers` loops at once; answers what it measured.
import { getPostgreSQLEventStore } from "@event-driven-io/emmett-postgresql";
import pg from "pg";
import { randomUUID } from "node:crypto";

const { url, writers, seconds, events } = JSON.parse(process.argv[2]);
const pool = new pg.Pool({ connectionString: url, max: writers });
const store = getPostgreSQLEventStore(url, { connectionOptions: { pool } });
await store.schema.migrate();

async function appendUntil(end, times) {
  while (performance.now() < end) {
    const started = performance.now();
    await store.appendToStream(`trip-${randomUUID()}`, events, { expectedStreamVersion: 0n });
    times.push(performance.now() - started);
  }
}

async function measured(duration) {
  const times = [];
  const started = performance.now();
  const end = started + duration * 1000;
  await Promise.all(Array.from({ length: writers }, () => appendUntil(end, times)));
  return { times, elapsed: (performance.now() - started) / 1000 };
}

await measured(0.5);
const { times, elapsed } = await measured(seconds);
times.sort((a, b) => a - b);
const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
console.log(JSON.stringify({ count: times.length, elapsed, p50_ms: at(0.5), p99_ms: at(0.99) }));
await store.close();
await pool.end();
process.exit(0);
