import { graphql } from "relay-runtime";

// Pages in both directions.
export const endUserRuns = graphql`
  fragment EndUserRuns_endUser on EndUser
  @argumentDefinitions(
    first: { type: "Int", defaultValue: 20 }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
  )
  @refetchable(queryName: "EndUserRunsPaginationQuery") {
    name
    workflowLogs(first: $first, after: $after, last: $last, before: $before)
      @connection(key: "EndUserRuns_workflowLogs") {
      edges {
        node {
          app {
            key
          }
          createdAt
        }
      }
      scan {
        complete
        reasons
      }
    }
  }
`;
