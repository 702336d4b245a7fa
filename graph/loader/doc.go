// Package loader stands between the resolvers and Dify's clients: it asks each thing once, and answers each question with
// its own value or its own error.
//
// Dify has no batch endpoint, so a loader can't make one call of many. But it sees all that an operation wants at once.
// There are two layers:
//
//   - [Upstream] lives as long as the configuration. It keeps answers for a time and joins equal calls under way, for all
//     operations.
//   - [Loaders] live as long as one operation ([Upstream.Attach]): a dataloader for each app and kind of thing. Windows of
//     one list that differ in their limit alone, such as the aliases of a dashboard, become one call.
//
// What an operation costs and how old its answers are does not depend on what others ask: answers that are shared count as if they
// had been asked for, and are as old as they could be.
//
// The package knows neither order nor cursors. A new endpoint needs a [shared] in Upstream and a dataloader in appLoaders.
package loader
