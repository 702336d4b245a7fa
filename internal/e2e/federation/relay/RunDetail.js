import { graphql } from "relay-runtime";

export const runDetail = graphql`
  fragment RunDetail_run on WorkflowRun
  @refetchable(queryName: "RunDetailRefetchQuery")
  @argumentDefinitions(content: { type: "Boolean", defaultValue: false }) {
    status
    elapsedTime
    totalTokens
    inputs @include(if: $content)
    outputs @include(if: $content)
  }
`;
