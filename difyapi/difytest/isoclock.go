package difytest

import (
	"strconv"
	"strings"
	"time"
)

// isoClock is a time of day with its offset from UTC.
type isoClock struct {
	parts  [3]int // hour, minute, second
	micros int
	offset time.Duration
}

// on returns the moment on a day, and refuses what Python's datetime refuses.
func (c isoClock) on(midnight time.Time) (time.Time, error) {
	switch hour, minute, second := c.parts[0], c.parts[1], c.parts[2]; {
	case hour < 0 || hour > 24: // 24 has passed the check that it is midnight
		return time.Time{}, pythonError("hour must be in 0..23")
	case minute < 0 || minute > 59:
		return time.Time{}, pythonError("minute must be in 0..59")
	case second < 0 || second > 59:
		return time.Time{}, pythonError("second must be in 0..59")
	}
	elapsed := time.Duration(c.parts[0])*time.Hour + time.Duration(c.parts[1])*time.Minute +
		time.Duration(c.parts[2])*time.Second + time.Duration(c.micros)*time.Microsecond
	return midnight.Add(elapsed - c.offset), nil
}

// parseISOClock reads HH, HH:MM, HH:MM:SS, the same without colons, a fraction
// of a second after a point or comma, and an offset. 24:00 is midnight.
func parseISOClock(text string) (clock isoClock, err error) {
	if len(text) < 2 {
		return clock, pythonError("ISO time too short")
	}
	if text, err = clock.readParts(text); err != nil {
		return clock, err
	}
	clock.micros, text = cutFraction(text)
	switch {
	case startsOffset(text):
		if clock.offset, err = parseOffset(text); err != nil {
			return clock, err
		}
	case text != "":
		return clock, pythonError("Unused components in ISO string")
	}
	if clock.parts[0] == 24 && (clock.parts[1] != 0 || clock.parts[2] != 0 || clock.micros != 0) {
		return clock, pythonError("Hour may only be 24 at 24:00:00.000")
	}
	return clock, nil
}

// readParts reads hour, minute and second, as far as they are given, and
// returns what follows. A colon before the minute wants one before the second.
func (c *isoClock) readParts(text string) (rest string, err error) {
	colons := false
	for i := range c.parts {
		if text == "" || startsOffset(text) {
			break
		}
		after, found := strings.CutPrefix(text, ":")
		switch {
		case i == 1:
			colons, text = found, after
		case i == 2 && colons && !found:
			return "", pythonError("Inconsistent use of colon separator")
		case i == 2 && colons:
			text = after
		}
		head := min(2, len(text))
		if c.parts[i], err = isoInt(text[:head]); err != nil {
			return "", err
		}
		text = text[head:]
	}
	return text, nil
}

func startsOffset(text string) bool {
	return text != "" && strings.ContainsRune("-+Zz", rune(text[0]))
}

// cutFraction reads a fraction of a second, cut at six digits.
func cutFraction(text string) (micros int, rest string) {
	if text == "" || text[0] != '.' && text[0] != ',' {
		return 0, text
	}
	end := 1
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	if end == 1 {
		return 0, text
	}
	const microDigits = 6
	digits := (text[1:end] + "000000")[:microDigits]
	micros, _ = strconv.Atoi(digits)
	return micros, text[end:]
}

// parseOffset reads Z, ±HH, ±HHMM or ±HH:MM.
func parseOffset(text string) (time.Duration, error) {
	if text == "Z" || text == "z" {
		return 0, nil
	}
	if n := len(text); n != 3 && n != 5 && n != 6 {
		return 0, pythonError("Time zone offset must be 1, 3, 5 or 6 characters")
	}
	if text[0] != '+' && text[0] != '-' {
		return 0, pythonError("Time zone offset requires sign")
	}
	offset, err := parseOffsetSize(text[1:])
	if text[0] == '-' {
		offset = -offset
	}
	return offset, err
}

func parseOffsetSize(text string) (time.Duration, error) {
	hours, err := isoInt(text[:2])
	if err != nil {
		return 0, err
	}
	minutes := 0
	if rest := strings.TrimPrefix(text[2:], ":"); rest != "" {
		if minutes, err = isoInt(rest); err != nil {
			return 0, err
		}
	}
	switch {
	case minutes > 59:
		return 0, pythonError("Invalid minutes in time zone offset")
	case hours > 23:
		return 0, pythonError("Invalid hours in time zone offset")
	}
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute, nil
}
