package difytest

import (
	"fmt"
	"strings"
	"time"
)

// pythonError is the text of a Python exception, in Python's and dateutil's
// words, some of which begin with a capital. Dify hands it on as it is.
type pythonError string

func (e pythonError) Error() string { return string(e) }

func pythonErrorf(format string, args ...any) error {
	return pythonError(fmt.Sprintf(format, args...))
}

// parseTime reads a bound of the list as Python does, because its error
// texts come out. A time without a zone is UTC. Servers before 1.3.0 read times
// with datetime.fromisoformat, whose one text names the input.
func parseTime(version release, text string) (time.Time, error) {
	t, err := isoparse(text)
	if err != nil && !version.has(isoparseUsed) {
		return t, pythonErrorf("Invalid isoformat string: %s", pythonRepr(text))
	}
	return t, err
}

// isoparse reads ISO 8601 as the function of that name in Python's dateutil:
// a date (year, month, day, ISO week or ordinal day), optionally any one
// character and a time, optionally with a fraction and an offset. Errors have
// dateutil's words. Like there, a date that does not exist is only noticed when
// the time has been read.
func isoparse(text string) (time.Time, error) {
	if !isASCII(text) {
		return time.Time{}, pythonError("ISO-8601 strings should contain only ASCII characters")
	}
	date, rest, err := parseISODate(text)
	if err != nil {
		return time.Time{}, err
	}
	var clock isoClock
	if rest != "" {
		if clock, err = parseISOClock(rest[1:]); err != nil {
			return time.Time{}, err
		}
	}
	midnight, err := date.midnight()
	if err != nil {
		return time.Time{}, err
	}
	return clock.on(midnight)
}

// isoDate is a calendar date, which need not exist.
type isoDate struct{ year, month, day int }

// midnight refuses dates that Python's datetime refuses.
func (d isoDate) midnight() (time.Time, error) {
	date := time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC)
	switch {
	case d.year < 1:
		return time.Time{}, pythonErrorf("year %d is out of range", d.year)
	case d.month < 1 || d.month > 12:
		return time.Time{}, pythonError("month must be in 1..12")
	case date.Day() != d.day || date.Month() != time.Month(d.month):
		return time.Time{}, pythonError("day is out of range for month")
	}
	return date, nil
}

func dateOf(t time.Time) isoDate { return isoDate{t.Year(), int(t.Month()), t.Day()} }

// parseISODate reads the date and returns what is left of the text. The usual
// forms are tried first; if they fail, for whatever reason, the others are, and
// theirs is the error.
func parseISODate(text string) (date isoDate, rest string, err error) {
	if date, rest, ok := parseCalendarDate(text); ok {
		return date, rest, nil
	}
	return parseOtherDate(text)
}

// parseCalendarDate reads YYYY, YYYY-MM, YYYY-MM-DD or YYYYMMDD.
func parseCalendarDate(text string) (date isoDate, rest string, ok bool) {
	date = isoDate{month: 1, day: 1}
	if date.year, rest, ok = cutInt(text, 4); !ok || rest == "" {
		return date, rest, ok
	}
	rest, dashed := strings.CutPrefix(rest, "-")
	if date.month, rest, ok = cutInt(rest, 2); !ok || rest == "" {
		return date, rest, ok && dashed
	}
	if dashed {
		if rest, ok = strings.CutPrefix(rest, "-"); !ok {
			return date, rest, false
		}
	}
	date.day, rest, ok = cutInt(rest, 2)
	return date, rest, ok
}

// cutInt reads a number of so many characters off the text.
func cutInt(text string, width int) (n int, rest string, ok bool) {
	if len(text) < width {
		return 0, text, false
	}
	n, ok = pythonInt(text[:width])
	return n, text[width:], ok
}

// parseOtherDate reads a week (YYYY-Www, YYYY-Www-D) or a day of the year
// (YYYY-DDD), with dashes or without.
func parseOtherDate(text string) (date isoDate, rest string, err error) {
	if len(text) < 4 {
		return date, "", pythonError("ISO string too short")
	}
	year, err := isoInt(text[:4])
	if err != nil {
		return date, "", err
	}
	rest, dashed := strings.CutPrefix(text[4:], "-")
	if week, found := strings.CutPrefix(rest, "W"); found {
		return parseWeekDate(year, week, dashed)
	}
	return parseOrdinalDate(year, rest)
}

func parseOrdinalDate(year int, text string) (date isoDate, rest string, err error) {
	if len(text) < 3 {
		return date, "", pythonError("Invalid ordinal day")
	}
	ordinal, err := isoInt(text[:3])
	if err != nil {
		return date, "", err
	}
	first, err := isoDate{year, 1, 1}.midnight()
	if err != nil {
		return date, "", err
	}
	if ordinal < 1 || ordinal > first.AddDate(1, 0, -1).YearDay() {
		return date, "", pythonErrorf("Invalid ordinal day %d for year %d", ordinal, year)
	}
	return dateOf(first.AddDate(0, 0, ordinal-1)), text[3:], nil
}

func parseWeekDate(year int, text string, dashed bool) (date isoDate, rest string, err error) {
	head := min(2, len(text))
	week, err := isoInt(text[:head])
	if err != nil {
		return date, "", err
	}
	day := 1
	if rest = text[head:]; rest != "" {
		digits, found := strings.CutPrefix(rest, "-")
		if found != dashed {
			return date, "", pythonError("Inconsistent use of dash separator")
		}
		head = min(1, len(digits))
		if day, err = isoInt(digits[:head]); err != nil {
			return date, "", err
		}
		rest = digits[head:]
	}
	date, err = weekDate(year, week, day)
	return date, rest, err
}

// weekDate counts from the Monday of the week that 4 January lies in.
func weekDate(year, week, day int) (isoDate, error) {
	const daysOfWeek, mostWeeks = 7, 53
	if week < 1 || week > mostWeeks {
		return isoDate{}, pythonErrorf("Invalid week: %d", week)
	}
	if day < 1 || day > daysOfWeek {
		return isoDate{}, pythonErrorf("Invalid weekday: %d", day)
	}
	fourth, err := isoDate{year, 1, 4}.midnight()
	if err != nil {
		return isoDate{}, err
	}
	sinceMonday := (int(fourth.Weekday()) + daysOfWeek - 1) % daysOfWeek
	return dateOf(fourth.AddDate(0, 0, (week-1)*daysOfWeek+day-1-sinceMonday)), nil
}

// isoInt is Python's int() over bytes, whose error shows them as such.
func isoInt(text string) (int, error) {
	if n, ok := pythonInt(text); ok {
		return n, nil
	}
	return 0, pythonError("invalid literal for int() with base 10: b" + pythonRepr(text))
}
