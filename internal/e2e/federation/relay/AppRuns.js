import { graphql } from "relay-runtime";

// All that a fragment of a page needs to be fetched again: by the app's id, from a cursor on.
export const appRuns = graphql`
  fragment AppRuns_app on DifyApp
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    cursor: { type: "String" }
    filter: { type: "WorkflowLogFilter" }
  )
  @refetchable(queryName: "AppRunsPaginationQuery") {
    key
    name
    workflowLogs(first: $count, after: $cursor, filter: $filter)
      @connection(key: "AppRuns_workflowLogs") {
      totalCount
      edges {
        node {
          createdAt
          createdByEndUser {
            id
            sessionId
          }
          workflowRun {
            ...RunDetail_run
          }
        }
      }
    }
  }
`;
