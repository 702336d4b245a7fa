package difyapi_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/difygraph/difygraph/difyapi"
)

const userInput = "sys.user_id"

// TestWithoutAtAnyDepth: a name is left out wherever it stands, in any case and by any escapes, and nothing else is.
func TestWithoutAtAnyDepth(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`{"sys.user_id":"bob","a":1}`:                                     `{"a":1}`,
		`{"a":[{"b":{"sys.user_id":{"deep":["bob"]},"c":[]}}]}`:           `{"a":[{"b":{"c":[]}}]}`,
		`[{"SYS.User_ID":"bob"},"sys.user_id",{"x":"sys.user_id"}]`:       `[{},"sys.user_id",{"x":"sys.user_id"}]`,
		`{"sys.user\u005fid":"bob","sys.user_id":1,"sys.user_idx":2}`:     `{"sys.user_idx":2}`,
		`{"#sys.user_id#":"bob","{{#sys.user_id#}}":1,"#sys.query#":2}`:   `{"#sys.query#":2}`,
		`{"n":123456789012345678901234567890.10,"1":null,"1":[true,1E9]}`: `{"n":123456789012345678901234567890.10,"1":null,"1":[true,1E9]}`,
		`"sys.user_id"`: `"sys.user_id"`,
		`null`:          ``,
	} {
		run, err := readInputs(t, inString(value)) // a text may have a name twice
		if err != nil {
			t.Fatal(err)
		}
		read, err := run.Inputs.Value()
		if got := difyapi.Without(read, userInput); err != nil || string(got) != want {
			t.Errorf("%s became %s, %v", value, got, err)
		}
	}
}

// TestWithoutInTexts: so it is in texts that are JSON, and in texts within these. Texts that have nothing of it stay as they are.
func TestWithoutInTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"sys.user_id":"bob","a":1}`:                                           `{"a":1}`,
		` [1, {"SYS.USER_ID": {"id": "bob"}, "a": "\n"}] `:                      `[1,{"a":"\n"}]`,
		`{"sys.user\u005fid":"bob"}`:                                            `{}`,
		`"{\"sys.user_id\":\"bob\"}"`:                                           `"{}"`,
		`{"a":"{\"b\": \"{\\\"sys.user_id\\\": \\\"bob\\\", \\\"c\\\": 1}\"}"}`: `{"a":"{\"b\":\"{\\\"c\\\":1}\"}"}`,
		"{\"sys.user_id\": 1}\n{\"sys.user_id\": 2, \"a\": 3}\n":                "{}\n{\"a\":3}",
		`{ "a" : "\u00e9", "sys.user_idx": [ 1 ] }`:                             `{ "a" : "\u00e9", "sys.user_idx": [ 1 ] }`,
		`{"path":"C:\\temp"} `:                                                  `{"path":"C:\\temp"} `,
		`[\d+] matches numbers`:                                                 `[\d+] matches numbers`,
		`Ask for sys.user_id, as {"sys.user_id": "x"}`:                          `Ask for sys.user_id, as {"sys.user_id": "x"}`,
		`{"sys.user_id": "bob", "score": NaN}`:                                  ``,
		`{"sys.user_id": "bob`:                                                  ``,
		`{'sys.user_id': 'bob'}`:                                                ``,
		`{"deep": ` + strings.Repeat("[", 20_000) + `"sys.user_id"`:             ``,
	} {
		for _, around := range [][2]string{{``, ``}, {`{"a":[`, `]}`}, {`{`, `:1}`}} {
			value := jsontext.Value(around[0] + inString(text) + around[1])
			if got := difyapi.Without(value, userInput); string(got) != around[0]+canonical(t, want)+around[1] {
				if string(got) != string(value) || want != text {
					t.Errorf("%s became %s, want %s", value, got, want)
				}
			}
		}
	}
}

// canonical is a text as a string in JSON without needless escapes.
func canonical(t *testing.T, text string) string {
	t.Helper()
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		t.Fatal(err)
	}
	return string(quoted)
}

// TestTextsInTextsAreLookedIntoSoFar: four texts in each other are, and what is in them deeper is not shown. An escape of an escape
// can be as short as five bytes, so that a body has room for thousands of texts, each nearly as long as the one around it.
func TestTextsInTextsAreLookedIntoSoFar(t *testing.T) {
	t.Parallel()
	text := `{"sys.user_id":"bob","a":1}`
	for depth := 1; depth <= 6; depth++ {
		got := string(difyapi.Without(jsontext.Value(inString(text)), userInput))
		if strings.Contains(got, "bob") || (depth <= 4) != strings.Contains(got, "a") {
			t.Errorf("%d deep: %s", depth, got)
		}
		text = inString(text)
	}
	short := `{"sys.user_id":"bob"}`
	for range 300 {
		short = `"` + strings.NewReplacer(`\`, `\u005c`, `"`, `\u0022`).Replace(short) + `"`
	}
	if got := difyapi.Without(jsontext.Value(short), userInput); len(got) > 1_000 || strings.Contains(string(got), "user_id") {
		t.Errorf("%d bytes: %.80s", len(got), got)
	}
}
