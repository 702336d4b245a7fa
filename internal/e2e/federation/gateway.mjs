// One graph of many: node gateway.mjs NAME=URL...
import { ApolloGateway, IntrospectAndCompose } from "@apollo/gateway";
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";

// Or the gateway asks what cloud it is in, and tells its makers.
process.env.APOLLO_TELEMETRY_DISABLED = "true";

const subgraphs = process.argv.slice(2).map((argument) => {
  const [name, url] = argument.split("=", 2);
  return { name, url };
});
const gateway = new ApolloGateway({ supergraphSdl: new IntrospectAndCompose({ subgraphs }) });
const server = new ApolloServer({ gateway });
const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: 0 } });
console.log(`GraphQL     ${url}`);
