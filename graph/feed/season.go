package feed

// This file cuts time where zones change their clocks, see clock.go.

// EverProven stands for any season.
const EverProven = -1 << 62

// The zones that are UTC for a part of the year change their clocks in the first hours of a Sunday: most at 01:00 UTC, those
// of Ramadan at 02:00. A process that takes UTC for its local time does so some hours later or earlier. So each of the first
// hours of a week is a season by itself, and the rest of the week one. All other zones are shifted all the year.
const (
	hour        = 3600
	week        = 7 * 24 * hour
	firstWeek   = 3 * 24 * hour // a Sunday, 00:00 UTC
	changeHours = 4
	seasons     = changeHours + 1 // in a week
)

// SeasonOf numbers the spans of time in which the times of an app are shifted alike, if they are.
func SeasonOf(second int64) int64 {
	into := ((second-firstWeek)%week + week) % week
	return (second-firstWeek-into)/week*seasons + min(into/hour, changeHours)
}

// mayChangeClocks tells whether a second is in one of the hours in which zones change their clocks.
func mayChangeClocks(second int64) bool {
	return firstOf(SeasonOf(second)+1)-firstOf(SeasonOf(second)) == hour
}

// firstOf is the first second of a season.
func firstOf(season int64) int64 {
	n := (season%seasons + seasons) % seasons
	return firstWeek + (season-n)/seasons*week + n*hour
}

// bySeason cuts a span where clocks may change: the rows of a part are all shifted alike.
func bySeason(w span) (parts []span) {
	for w.from <= w.to {
		part := span{w.from, min(firstOf(SeasonOf(w.from)+1)-1, w.to)}
		parts = append(parts, part)
		w.from = part.to + 1
	}
	return parts
}
