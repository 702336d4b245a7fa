// A graph of people: node people.mjs
// Its users are the end users of Dify apps, known there by the session ids that the apps' callers pass.
import { readFileSync } from "node:fs";

import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse } from "graphql";

const users = [
  { email: "ada@example.com", name: "Ada", sessionId: "ada-7", apps: ["translator"] },
  { email: "bo@example.com", name: "Bo", sessionId: "bo-3", apps: ["translator"] },
  { email: "cy@example.com", name: "Cy", sessionId: "cy-1", apps: ["translator", "retired"] },
];

const typeDefs = parse(readFileSync(new URL("people.graphqls", import.meta.url), "utf8"));
const resolvers = {
  Query: {
    users: () => users,
    user: (_, { email }) => users.find((user) => user.email === email),
  },
  User: {
    endUsers: ({ apps, sessionId }) => apps.map((key) => ({ app: { key }, sessionId })),
    difyAccount: ({ email }) => ({ email }),
  },
  EndUser: {
    __resolveReference: (endUser) => endUser,
    person: ({ sessionId }) => users.find((user) => user.sessionId === sessionId),
  },
};

const server = new ApolloServer({ schema: buildSubgraphSchema({ typeDefs, resolvers }) });
const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: 0 } });
console.log(`GraphQL     ${url}`);
