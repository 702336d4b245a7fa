// Package feed reads the workflow logs of many Dify apps as one list with cursors.
//
// It keeps the promise of package list: a row that is there during a whole walk appears in it exactly once.
//
// # Why that takes a package
//
// Dify sorts a log by created_at alone, in whole seconds, and pages by OFFSET. Rows of one second come in an order that
// changes from query to query, and every new run shifts the page numbers. A position in Dify's list is therefore worth
// nothing. What holds is the identity of a row, and the set of rows of one second.
//
// So the feed has an order of its own (see [list.Position]) and makes it out of seconds that it knows whole. Three facts let
// it know them, each from one SQL statement of Dify's:
//
//   - An answer with fewer rows than its limit has all rows of its window from its OFFSET on (a window is a range of
//     seconds, both ends included), unless its own counts say otherwise twice: see believe.go.
//   - In a full answer every second but the last is whole; the last may be cut.
//   - A second that fits no answer is whole once as many ids as it had at one moment were each seen before and after
//     that moment (see [completeness]).
//
// # How it is laid out
//
//   - pushdown.go: which conditions of a filter Dify applies, and the streams that a list is made of.
//   - window.go, density.go: how many rows to ask for and where, as pure functions and a value.
//   - ahead.go: windows toward newer rows that several pages of many streams need; wider.go: answers that serve other windows.
//   - plan.go: how many calls a page is foreseen to take, before it is read.
//   - stream.go, older.go, newer.go, second.go: one stream of one app, read in one direction; ask.go: its calls.
//   - believe.go: answers that contradict themselves; clock.go, season.go, shift.go: Difys that show other times than they compare.
//   - reader.go: many streams merged into a page; [Feed.Read] is the way in.
//   - search.go: a keyword longer than Dify compares, looked for in the runs themselves; choose.go: one beside session ids.
//
// The package is pure over a [Source]: it knows neither GraphQL nor HTTP nor caches.
package feed
