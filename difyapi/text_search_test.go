package difyapi_test

import (
	"context"
	stdjson "encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
)

func TestComparedHead(t *testing.T) {
	t.Parallel()
	thirty := "abcdefghijklmnopqrstuvwxyz0123"
	for keyword, want := range map[string]string{
		"":                        "",
		"short":                   "short",
		thirty:                    thirty,
		thirty + "4":              thirty,
		thirty + "京":              thirty,
		thirty + " ":              thirty,
		"京都市東山":                   "京都市東山",
		"京都市東山区":                  "京都市東山",
		"ab京都市東山区":                "ab京都市東", // 2 + 4×6; the next needs 6
		"😀😁😂":                     "😀😁",     // twelve each
		"😀😁京都":                    "😀😁京",
		"ab😀😁京都":                  "ab😀😁",
		thirty[1:] + `"`:          thirty[1:], // not within \"
		thirty[2:] + `"`:          thirty[2:] + `"`,
		thirty[2:] + `"x`:         thirty[2:] + `"`,
		thirty[1:] + `\`:          thirty[1:],
		thirty[1:] + "\nx":        thirty[1:],
		thirty[5:] + "京x":         thirty[5:], // not within \u4eac
		thirty[6:] + "京x":         thirty[6:] + "京",
		thirty[7:] + "\x7fx":      thirty[7:] + "\x7fx",
		thirty[7:] + "😀":          thirty[7:], // not between the halves of a pair
		`""""""""""""""""`:        `"""""""""""""""`,
		"bad \xff\xff\xff\xff bc": "bad \xff\xff\xff\xff b",
		"bad\xff\xff\xff\xff\xff": "bad\xff\xff\xff\xff",
	} {
		if got := difyapi.ComparedHead(keyword); got != want {
			t.Errorf("ComparedHead(%q) = %q, want %q", keyword, got, want)
		}
	}
}

// anyText has what is stored in all ways, and repeats itself. Each test has its own: generators are not safe for concurrent use.
func anyText() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.OneOf(
		rapid.SampledFrom([]rune("aAbBkK\"\\/\n\t ~é京😀")),
		rapid.SampledFrom([]rune("aAbB")),
		rapid.Rune(),
	), 0, 60, -1)
}

func TestComparedHeadIsTheLongest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keyword, around := anyText().Draw(t, "keyword"), anyText().Draw(t, "around")
		head := difyapi.ComparedHead(keyword)
		stored := difyapi.StoredText(head)
		if !strings.HasPrefix(keyword, head) || !strings.HasPrefix(difyapi.StoredText(keyword), stored) || len(stored) > difyapi.KeywordLimit {
			t.Fatalf("head %q of %q is stored as %s", head, keyword, stored)
		}
		if rest := keyword[len(head):]; rest != "" {
			_, size := utf8.DecodeRuneInString(rest)
			if longer := difyapi.StoredText(head + rest[:size]); len(longer) <= difyapi.KeywordLimit {
				t.Fatalf("head %q of %q could have %q", head, keyword, rest[:size])
			}
		}
		if text := around + keyword + around; !strings.Contains(difyapi.StoredText(text), stored) {
			t.Fatalf("%q has %q, but is not found by its head %s", text, keyword, stored)
		}
	})
}

func TestTextIn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, in string
		want     bool
	}{
		{"", "", true},
		{"world", "Hello World!", true},
		{"WORLD", "hello world", true},
		{"worlds", "Hello World", false},
		{"Straße", "STRAßE", true},
		{"É", "é", false}, // stored as \u00c9 and \u00e9
		{"straße", "STRASSE", false},
		{"k", "\u212a", false}, // KELVIN SIGN, a k to Unicode
		{"s", "ſ", false},
		{"京都 A", "(京都 a)", true},
		{`say "a\b"`, `SAY "A\B"`, true},
		{`\n`, "\n", false},
		{"[", "{", false}, // as far apart as A and a
		{"@", "`", false},
		{"😀", "x😀", true},
	} {
		if got := difyapi.NewText(test.text).In(test.in); got != test.want {
			t.Errorf("%q in %q: %v", test.text, test.in, got)
		}
	}
}

// variablesOf reads variables as a run's detail has them.
func variablesOf(t interface{ Fatalf(string, ...any) }, inJSON string) (v difyapi.Variables) {
	client, err := difyapi.New(difyapi.Options{
		BaseURL: "https://dify.example/v1", APIKey: testKey, Transport: answering(http.StatusOK, `{"id":"`+runID+`","inputs":`+inJSON+`}`),
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	run, err := client.WorkflowRun(context.Background(), runID)
	if err != nil {
		t.Fatalf("%s: %v", inJSON, err)
	}
	return run.Inputs
}

// inString is a text as JSON.
func inString(text string) string {
	b, _ := stdjson.Marshal(text)
	return string(b)
}

func TestVariablesHas(t *testing.T) {
	t.Parallel()
	const nested = `{"query": "Hello \"World\"", "n": 17, "ok": true, "list": [null, {"Deep Name": ["\u4eac\u90fd\n\ud83d\ude00"]}], "sys.user_id": "u-1", "twice": "{\"in\": \"text\"}"}`
	for _, test := range []struct {
		inputs, text string
		want         bool
	}{
		{nested, `hello "world"`, true},
		{nested, "京都\n😀", true},
		{nested, `\u4eac`, false}, // as it is stored, but not what it says
		{nested, "deep name", true},
		{nested, "SYS.USER_ID", true},
		{nested, `{"in": "text"}`, true},
		{nested, "17", false},     // numbers are no text
		{nested, "true", false},   // nor is true
		{nested, `", "`, false},   // nor what stands between texts
		{nested, "worldn", false}, // texts do not run together
		{`[]`, "", false},         // there is no text
		{`{"": 1}`, "", true},
		{`"plain"`, "LAIN", true},
		{`17`, "1", false},
		{`{"x": NaN, "q": "\u4eac\u90fd \"a\""}`, `京都 "A"`, true},
		{`{"x": NaN, "q": "京都"}`, `京都`, true},
		{`{"x": NaN, "q": "line\nbreak"}`, "line\nBREAK", true},
		{`{"x": NaN, "q": "\u4eac"}`, `京都`, false},
		{`{'q': 'no JSON'}`, "NO JSON", true},
		{`cut {"q": "no`, "no js", false},
	} {
		if got := variablesOf(t, inString(test.inputs)).Has(difyapi.NewText(test.text)); got != test.want {
			t.Errorf("%s has %q: %v", test.inputs, test.text, got)
		}
		if stdjson.Valid([]byte(test.inputs)) && test.inputs[0] != '"' {
			if got := variablesOf(t, test.inputs).Has(difyapi.NewText(test.text)); got != test.want {
				t.Errorf("the value %s has %q: %v", test.inputs, test.text, got)
			}
		}
	}
	for _, nothing := range []string{`null`, `""`, `"null"`, `" "`} {
		if variablesOf(t, nothing).Has(difyapi.NewText("a")) {
			t.Errorf("%s has a text", nothing)
		}
	}
	if (difyapi.Variables{}).Has(difyapi.NewText("a")) {
		t.Error("the zero value has a text")
	}
}

// TestVariablesHasEveryText holds the search against a walk over what encoding/json reads.
func TestVariablesHasEveryText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := anyValue(3).Draw(t, "value")
		body, err := stdjson.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		word := rapid.StringOfN(rapid.SampledFrom([]rune("aAbBkK\"\\/\n é京😀")), 1, 3, -1).Draw(t, "word")
		want := walkHas(value, word)
		if got := variablesOf(t, inString(string(body))).Has(difyapi.NewText(word)); got != want {
			t.Fatalf("text of %s has %q: %v", body, word, got)
		}
		if _, isString := value.(string); isString {
			return // it would be a text that holds JSON
		}
		if got := variablesOf(t, string(body)).Has(difyapi.NewText(word)); got != want {
			t.Fatalf("%s has %q: %v", body, word, got)
		}
	})
}

// anyValue is a JSON value as encoding/json reads it, nested up to depth.
func anyValue(depth int) *rapid.Generator[any] {
	kinds := []*rapid.Generator[any]{
		anyText().AsAny(), anyText().AsAny(), rapid.Float64Range(-9, 99).AsAny(), rapid.Bool().AsAny(), rapid.Just[any](nil),
	}
	if depth > 0 {
		inner := anyValue(depth - 1)
		kinds = append(kinds, rapid.SliceOfN(inner, 0, 3).AsAny(), rapid.MapOfN(anyText(), inner, 0, 3).AsAny())
	}
	return rapid.OneOf(kinds...)
}

// walkHas is the slow and obvious way.
func walkHas(value any, word string) bool {
	switch v := value.(type) {
	case string:
		return strings.Contains(onlyASCIILower(v), onlyASCIILower(word))
	case []any:
		for _, element := range v {
			if walkHas(element, word) {
				return true
			}
		}
	case map[string]any:
		for name, member := range v {
			if walkHas(name, word) || walkHas(member, word) {
				return true
			}
		}
	}
	return false
}

func onlyASCIILower(text string) string {
	for letter := byte('A'); letter <= 'Z'; letter++ {
		text = strings.ReplaceAll(text, string(rune(letter)), strings.ToLower(string(rune(letter))))
	}
	return text
}

// TestKeepsIsDifysOwnLook: at the text as Python's json.dumps writes it, punctuation included.
func TestKeepsIsDifysOwnLook(t *testing.T) {
	t.Parallel()
	const value = `{"q": "\u4eac\u90fd \"x\"\n", "n": 42, "list": [1.50, true, null], "\u00e9": "\u007f"}`
	for name, inputs := range map[string]string{
		"a text": inString(value), "a value": value, "a value without blanks": strings.ReplaceAll(strings.ReplaceAll(value, ", ", ","), ": ", ":"),
		"a value in UTF-8": strings.NewReplacer(`\u4eac`, "京", `\u90fd`, "都", `\u00e9`, "é").Replace(value),
	} {
		for text, want := range map[string]bool{
			"京都": true, "Q": true, `京都 "X`: true, "\n": true, "é": true, "\x7f": true, "42": true, "NULL": true, "1.50, t": true, "": true,
			"大阪": false, "43": false, "42,": true, "42,n": false,
		} {
			if got := variablesOf(t, inputs).Keeps(difyapi.NewText(text)); got != want {
				t.Errorf("%s: Keeps(%q) = %v", name, text, got)
			}
		}
	}
	if odd := variablesOf(t, inString(`{"x": NaN}`)); !odd.Keeps(difyapi.NewText("nan")) || odd.Keeps(difyapi.NewText("none")) {
		t.Error("what is no JSON is looked at as it is")
	}
	if difyapi.NewText("x").StoredIn("") || (difyapi.Variables{}).Keeps(difyapi.NewText("x")) {
		t.Error("nothing has no text")
	}
}

// TestStoredIn: Dify compares session ids with the stored form of a keyword, too, and so finds no text in them beyond ASCII.
func TestStoredIn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, session string
		want          bool
	}{{"Alice", "(alice)", true}, {"京都", "京都", false}, {"京", `\u4eac`, true}, {"bob", "alice", false}} {
		if got := difyapi.NewText(test.text).StoredIn(test.session); got != test.want {
			t.Errorf("%q in %q: %v", test.text, test.session, got)
		}
	}
}
