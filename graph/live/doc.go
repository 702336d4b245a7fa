// Package live watches runs while they go on, and tells what happens inside: one stream of events for all who watch a run, and none
// once nobody does.
//
//   - runs.go: the runs that somebody watches, and the way in.
//   - watcher.go: what one of them is told.
//   - run.go: one run: what was told of it, and to whom.
//   - watch.go: how it is watched: which run, as whom, over which streams.
//   - limit.go: why it can't be told what happens inside, and how start and end are found then.
//   - progress: each thing once, whatever streams tell.
package live
