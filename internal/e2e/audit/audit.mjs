// Runs the audits of the GraphQL over HTTP specification against the endpoint of its one argument, and prints one line of
// JSON for each: {"id", "name", "status": "ok" | "notice" | "warn" | "error", "reason"?}.
import { auditServer } from 'graphql-http';

for (const { id, name, status, reason } of await auditServer({ url: process.argv[2] })) {
  console.log(JSON.stringify({ id, name, status, reason }));
}
