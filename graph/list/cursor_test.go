package list

import (
	"encoding/base64"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func anyCursor(t *rapid.T) Cursor {
	c := Cursor{
		Position: Position{
			Second: rapid.Int64Range(FirstSecond, LastSecond).Draw(t, "second"),
			ID:     uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
			App:    rapid.StringMatching(`[a-z0-9-]{0,64}`).Draw(t, "app"),
		},
		Hints: Hints{Crowd: rapid.IntRange(0, MaxCrowd).Draw(t, "crowd"), SecondsPerHundred: rapid.IntRange(0, MaxSecondsPerHundred).Draw(t, "pace")},
	}
	c.Hints.Newer = rapid.IntRange(0, c.Hints.Crowd).Draw(t, "newer")
	copy(c.Digest[:], rapid.SliceOfN(rapid.Byte(), digestSize, digestSize).Draw(t, "digest"))
	return c
}

func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := anyCursor(t)
		got, err := ParseCursor(want.String())
		if err != nil || got != want {
			t.Fatalf("%v, %v, want %v", got, err, want)
		}
	})
}

func TestMadeUpCursors(t *testing.T) {
	t.Parallel()
	valid := Cursor{Position: Position{Second: 1772323200, ID: uuid.New(), App: "a"}}
	raw, _ := base64.RawURLEncoding.DecodeString(valid.String())
	encode := func(b ...byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	future := Cursor{Position: Position{Second: 1 << 50}}
	crowd := Cursor{Position: Position{Second: 1}, Hints: Hints{Crowd: 3, Newer: 4}}
	for name, text := range map[string]string{
		"empty":            "",
		"text":             "page:2",
		"padded":           base64.URLEncoding.EncodeToString(raw) + "=",
		"cut":              encode(raw[:len(raw)-1]...),
		"longer":           encode(append(raw, 0)...),
		"another version":  encode(append([]byte{9}, raw[1:]...)...),
		"after year 9999":  future.String(),
		"impossible hints": crowd.String(),
		"long app":         Cursor{Position: Position{Second: 1, App: string(make([]byte, maxAppKey+1))}}.String(),
		"large hint":       Cursor{Position: Position{Second: 1}, Hints: Hints{SecondsPerHundred: MaxSecondsPerHundred + 1}}.String(),
	} {
		if c, err := ParseCursor(text); err == nil {
			t.Errorf("%s: %v", name, c)
		}
	}
}

// Whatever is read as a cursor is written alike, so that there is one text for each.
func FuzzParseCursor(f *testing.F) {
	f.Add(Cursor{Position: Position{Second: 1772323200, ID: uuid.New(), App: "translator"}, Hints: Hints{Crowd: 7, Newer: 3, SecondsPerHundred: 99}}.String())
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := ParseCursor(text); err == nil && c.String() != text {
			t.Errorf("%q is written as %q", text, c)
		}
	})
}
