// Package follow keeps a picture of an app's log up to date, and tells what happens in it.
//
// There is one follower an app, however many subscribe, and none where nobody does: a [Hub] has them. It is fed by package
// graph/feed, which knows how to read seconds whole, from a [Source] whose answers are fresh.
//
// # What is known, and what is told
//
// Dify's second is that of the transaction that wrote the row, by the database's clock, rounded. So rows become visible late
// and in another order than they are listed in. A second is settled once it is some time older than the newest that the log
// has shown and than what the answer says the time is; from then on nothing is expected in it. All beyond the last settled
// second is read again and again.
//
// A row that was not there before has appeared, and one that is not what it was has changed. Rows whose run has not ended are
// open: each is asked for at pauses that grow with its age. Deletions are not told.
//
// # How it is laid out
//
//   - row.go: what of a row counts as a change.
//   - picture.go: what is known of the log, and what an answer changes in it.
//   - plan.go: what is asked next, and when; these two are pure.
//   - position.go: how far somebody has been told, as a value that another process can go on from.
//   - backlog.go: what is told to those who come back, and to those who are slow.
//   - memory.go: the last events, by number.
//   - source.go, share.go: one reading, within what all followers of a server may ask.
//   - follower.go, member.go: the loop that asks and sleeps, and who listens to it; hub.go, subscription.go: the way in.
package follow
