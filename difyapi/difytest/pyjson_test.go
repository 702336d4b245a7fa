package difytest

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestStoredText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"hello":            "hello",
		"京都":               `\u4eac\u90fd`,
		`say "no"`:         `say \"no\"`,
		`a\b`:              `a\\b`,
		"\b\f\n\r\t":       `\b\f\n\r\t`,
		"\x00\x1f\x7f":     `\u0000\u001f\u007f`,
		"🚚":                `\ud83d\ude9a`,
		"é/<>&'":           `\u00e9/<>&'`,
		"\u2028":           `\u2028`,
		"\U0010ffff\uffff": `\udbff\udfff\uffff`,
	} {
		if got := StoredText(text); got != want {
			t.Errorf("StoredText(%q) = %s, want %s", text, got, want)
		}
	}
}

// TestStoredTextIsJSON reads back what was stored.
func TestStoredTextIsJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		stored := StoredText(text)
		var read string
		if err := json.Unmarshal([]byte(`"`+stored+`"`), &read); err != nil || read != text || !isASCII(stored) {
			t.Fatalf("%q is stored as %s, read as %q (%v)", text, stored, read, err)
		}
	})
}

// TestAppendFloat writes floats as Python's repr does.
func TestAppendFloat(t *testing.T) {
	t.Parallel()
	for f, want := range map[float64]string{
		0: "0.0", 1: "1.0", 1.1: "1.1", 0.047078: "0.047078", -2.5: "-2.5", 100000: "100000.0",
		0.0001: "0.0001", 0.00001: "1e-05", 1e15: "1000000000000000.0", 1e16: "1e+16", 1.5e-7: "1.5e-07",
	} {
		if got := string(appendFloat(nil, f)); got != want {
			t.Errorf("%v is written as %s, want %s", f, got, want)
		}
	}
}
