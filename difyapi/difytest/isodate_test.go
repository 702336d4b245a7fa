package difytest

import (
	"testing"
	"time"
)

// TestIsoparse holds the parser against what dateutil 2.9 says.
func TestIsoparse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026":                         "2026-01-01T00:00:00Z",
		"2026-11":                      "2026-11-01T00:00:00Z",
		"2026-11-13":                   "2026-11-13T00:00:00Z",
		"20261113":                     "2026-11-13T00:00:00Z",
		"2026-W47":                     "2026-11-16T00:00:00Z",
		"2026-W47-5":                   "2026-11-20T00:00:00Z",
		"2026W475":                     "2026-11-20T00:00:00Z",
		"2026-317":                     "2026-11-13T00:00:00Z",
		"2026-11-13 05:00":             "2026-11-13T05:00:00Z",
		"2026-11-13T05":                "2026-11-13T05:00:00Z",
		"2026-11-13T24:00":             "2026-11-14T00:00:00Z",
		"2026-11-13T05:00:00,5":        "2026-11-13T05:00:00.5Z",
		"2026-11-13T05:00:00.1234567Z": "2026-11-13T05:00:00.123456Z",
		"2026-11-13T050000+0900":       "2026-11-12T20:00:00Z",
		"2026-11-13T05-03":             "2026-11-13T08:00:00Z",
		"2026-11-13T05:00:00.25+05:30": "2026-11-12T23:30:00.25Z",
		"2026-11-13T05:00:00.999999z":  "2026-11-13T05:00:00.999999Z",
		"9999-12-31T23:59:59.999999Z":  "9999-12-31T23:59:59.999999Z",
		"2024-02-29":                   "2024-02-29T00:00:00Z",
	} {
		got, err := isoparse(text)
		if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("isoparse(%q) = %v, %v, want %s", text, got, err, want)
		}
	}
}

func TestIsoparseErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"abc":                       "ISO string too short",
		"-":                         "ISO string too short",
		"1795414973":                "ISO time too short",
		"2026-11-13T":               "ISO time too short",
		"202611":                    "Invalid ordinal day",
		"2026-000":                  "Invalid ordinal day 0 for year 2026",
		"2026-366":                  "Invalid ordinal day 366 for year 2026",
		"2026-W60":                  "Invalid week: 60",
		"2026-W10-9":                "Invalid weekday: 9",
		"2026-W101":                 "Inconsistent use of dash separator",
		"2026W10-1":                 "Inconsistent use of dash separator",
		"2026-W":                    "invalid literal for int() with base 10: b''",
		"20xx-01-01":                "invalid literal for int() with base 10: b'20xx'",
		"2026-13-01":                "month must be in 1..12",
		"2026-11-31":                "day is out of range for month",
		"2025-02-29":                "day is out of range for month",
		"0000-01-01":                "year 0 is out of range",
		"2026-11-13Tab:00":          "invalid literal for int() with base 10: b'ab'",
		"2026-11-13T25:00":          "hour must be in 0..23",
		"2026-11-13T05:61":          "minute must be in 0..59",
		"2026-11-13T23:59:60Z":      "second must be in 0..59",
		"2026-11-13T24:01":          "Hour may only be 24 at 24:00:00.000",
		"2026-11-13T05:0000":        "Inconsistent use of colon separator",
		"2026-11-13T05:00:00 09:00": "Unused components in ISO string",
		"2026-11-13T05:00:0009:00":  "Unused components in ISO string",
		"2026-11-13T05:00:00.Z":     "Unused components in ISO string",
		"2026-11-13T05:00:00+9":     "Time zone offset must be 1, 3, 5 or 6 characters",
		"2026-11-13T05:00:00+09:75": "Invalid minutes in time zone offset",
		"2026-11-13T05:00:00+25":    "Invalid hours in time zone offset",
		"2026-11-13T05:00:00Zjunk":  "Time zone offset requires sign",
		"京都京都":                      "ISO-8601 strings should contain only ASCII characters",
	} {
		if got, err := isoparse(text); err == nil || err.Error() != want {
			t.Errorf("isoparse(%q) = %v, %v, want error %q", text, got, err, want)
		}
	}
}

func FuzzIsoparse(f *testing.F) {
	f.Add("2026-11-13T05:00:00.999999+09:00")
	f.Add("2026-W47-5T24:00")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := isoparse(text); err == nil && (got.Year() < 0 || got.Location() != time.UTC) {
			t.Errorf("isoparse(%q) = %v", text, got)
		}
	})
}
