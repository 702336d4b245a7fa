import { graphql } from "relay-runtime";

// A page of the list over all apps, and what a page of a client shows beside it.
export const allRunsQuery = graphql`
  query AllRunsQuery($app: String!, $endUser: UUID!, $run: UUID!) {
    ...AllRuns_query
    difyApp(key: $app) {
      ...AppRuns_app @arguments(filter: { status: [FAILED] })
    }
    endUser(app: $app, uuid: $endUser) {
      ...EndUserRuns_endUser
    }
    workflowRun(app: $app, uuid: $run) {
      ...RunDetail_run @arguments(content: true)
    }
  }
`;

export const allRuns = graphql`
  fragment AllRuns_query on Query
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    cursor: { type: "String" }
  )
  @refetchable(queryName: "AllRunsPaginationQuery") {
    workflowLogs(first: $count, after: $cursor, onAppFailure: PARTIAL)
      @connection(key: "AllRuns_workflowLogs") {
      edges {
        node {
          ...AllRuns_entry
        }
      }
    }
  }
`;

export const entry = graphql`
  fragment AllRuns_entry on WorkflowLog @refetchable(queryName: "AllRunsEntryQuery") {
    createdAt
    details
    createdByAccount {
      id
      email
    }
  }
`;
