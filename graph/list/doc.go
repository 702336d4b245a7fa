// Package list is the contract of a list of workflow logs: what can be asked for ([Request]), and what is answered ([Page]).
//
// # The promise
//
// A row that was visible before a walk began, and that exists and matches during the whole walk, appears in it exactly
// once, whatever starts, ends or is deleted meanwhile. Rows come in order. A page that is not whole says so.
//
// The order is total and the same for all lists ([Position]); a [Cursor] is a bookmark in it. A [Reader] keeps the promise for
// one source of rows: package feed reads them from Dify.
//
// The package is pure: it knows neither GraphQL nor HTTP, and reads nothing itself.
package list
