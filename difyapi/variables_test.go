package difyapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
)

// readInputs reads a run whose inputs are the given JSON.
func readInputs(t *testing.T, inputs string) (*difyapi.WorkflowRunDetail, error) {
	t.Helper()
	client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, `{"id":"`+runID+`","inputs":`+inputs+`,"total_steps":7}`)})
	return client.WorkflowRun(t.Context(), runID)
}

func TestVariables(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 500) + strings.Repeat("]", 500)
	tests := map[string]struct{ inputs, want string }{
		"null":                       {`null`, ``},
		"object":                     {`{"a": 1}`, `{"a":1}`},
		"empty object":               {`{}`, `{}`},
		"array":                      {`[1, {"b": null}]`, `[1,{"b":null}]`},
		"number":                     {`17`, `17`},
		"boolean":                    {`false`, `false`},
		"order of names":             {`{"z":1,"a":2,"m":3}`, `{"z":1,"a":2,"m":3}`},
		"numbers of any size":        {`{"n":123456789012345678901234567890,"x":1.10,"e":1E+400,"z":-0.0}`, `{"n":123456789012345678901234567890,"x":1.10,"e":1E+400,"z":-0.0}`},
		"escaped text":               {`{"city":"\u4eac\u90fd\/\ud83d\ude00"}`, `{"city":"京都/😀"}`},
		"half a pair":                {`{"cut":"\ud83d!"}`, `{"cut":"` + "\ufffd" + `!"}`},
		"broken UTF-8":               {`{"cut":"` + "\xff" + `"}`, `{"cut":"` + "\ufffd" + `"}`},
		"deep":                       {deep, deep},
		"text of null":               {`"null"`, ``},
		"text of an object":          {`"{\"a\": 1, \"b\": [true, null]}"`, `{"a":1,"b":[true,null]}`},
		"text of an array":           {`" [1, 2] "`, `[1,2]`},
		"text of a number":           {`"12345678901234567890.0"`, `12345678901234567890.0`},
		"text of a string":           {`"\"hello\""`, `"hello"`},
		"text of a text":             {`"\"{\\\"a\\\": 1}\""`, `"{\"a\": 1}"`},
		"text in a text":             {`"{\"body\": \"{\\\"a\\\": 1}\"}"`, `{"body":"{\"a\": 1}"}`},
		"text with a name twice":     {`"{\"1\": 1, \"1\": 2}"`, `{"1":1,"1":2}`},
		"text with escapes":          {`"{\"city\": \"\\u4eac\\u90fd\", \"cut\": \"\\ud83d\"}"`, `{"city":"京都","cut":"` + "\ufffd" + `"}`},
		"text that is deep":          {`"` + deep + `"`, deep},
		"text with order and blanks": {`"{ \"z\" : 1,\r\n\t\"a\" : 2 }"`, `{"z":1,"a":2}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run, err := readInputs(t, test.inputs)
			if err != nil {
				t.Fatal(err)
			}
			value, err := run.Inputs.Value()
			if diff := cmp.Diff(test.want, string(value)); diff != "" || err != nil || (value == nil) != (test.want == "") {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestVariablesNotJSON holds that a text which is no JSON costs only the member that has it, and is shown nowhere.
func TestVariablesNotJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"word":          `"secret"`,
		"empty":         `""`,
		"blank":         `" "`,
		"cut":           `"{\"secret\": "`,
		"Python":        `"{'secret': None}"`,
		"not a number":  `"{\"secret\": NaN}"`,
		"infinite":      `"-Infinity"`,
		"two values":    `"{} {}"`,
		"bare NaN":      `{"secret": [NaN, 1]}`,
		"bare infinity": `{"a": -Infinity, "secret": Infinity}`,
		"control":       `"\"\u0000secret\""`,
		"half a pair":   `"\ud83d"`,
		"broken UTF-8":  "\"\xffsecret\"",
	}
	for name, inputs := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run, err := readInputs(t, inputs)
			if err != nil || *run.TotalSteps != 7 {
				t.Fatalf("the run does not stand: %v, %v", run, err)
			}
			value, err := run.Inputs.Value()
			if value != nil || !errors.Is(err, difyapi.ErrVariablesNotJSON) || !difyapi.IsBadResponse(err) {
				t.Errorf("value %s, error %v", value, err)
			}
			if strings.Contains(err.Error(), "secret") || err.Error() != "dify: bad response 200: "+difyapi.ErrVariablesNotJSON.Error() {
				t.Errorf("the error says %v", err)
			}
		})
	}
}

// TestVariablesNestedTooDeep for clients cost only the member that has them, though our own decoder may take or refuse them.
func TestVariablesNestedTooDeep(t *testing.T) {
	t.Parallel()
	for _, depth := range []int{501, 1000, 1001, 9_995, 10_001, 100_000} {
		deep := strings.Repeat(`{"secret":[`, depth/2) + strings.Repeat("[", depth%2) + strings.Repeat("]", depth%2) + strings.Repeat("]}", depth/2)
		for name, inputs := range map[string]string{"bare": deep, "text": inString(deep), "among others": `{"ok":1,"deep":` + deep + `}`} {
			run, err := readInputs(t, inputs)
			if err != nil || *run.TotalSteps != 7 {
				t.Fatalf("%d, %s: the run does not stand: %v", depth, name, err)
			}
			value, err := run.Inputs.Value()
			if value != nil || !errors.Is(err, difyapi.ErrVariablesTooDeep) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%d, %s: %d bytes, error %v", depth, name, len(value), err)
			}
		}
	}
}

// TestVariablesBreakingTheBody: what is no JSON outside of a string leaves nothing of the answer to stand, unless Python writes it.
func TestVariablesBreakingTheBody(t *testing.T) {
	t.Parallel()
	for _, inputs := range []string{`NaNs`, `nan`, `{'a': 1}`, `"open`, `{"a":1`, ``, `{"a":NaN`, strings.Repeat("[", 100_000)} {
		if run, err := readInputs(t, inputs); !difyapi.IsBadResponse(err) || run != nil {
			t.Errorf("%.40s: %v, %v", inputs, run, err)
		}
	}
}

// FuzzVariables compares what comes out with what encoding/json makes of the same text.
func FuzzVariables(f *testing.F) {
	for _, r := range readRecordings(f, "*/run*.json") {
		var body struct{ Inputs *string }
		if json.Unmarshal(r.Response.Body, &body) == nil && body.Inputs != nil {
			f.Add(*body.Inputs)
		}
	}
	for _, text := range []string{``, `null`, `"\ud83d"`, `{"a":1,"a":[1e999,-0]}`, "\"\xff\"", `[[[[`, "\ufeff{}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		inString, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		checkVariables(t, string(inString), string([]rune(text))) // both mend broken bytes alike
		if json.Valid([]byte(text)) && !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), `"`) {
			checkVariables(t, text, text)
		}
	})
}

// checkVariables reads inputs, which hold the text, and compares the value with the text.
func checkVariables(t *testing.T, inputs, text string) {
	t.Helper()
	run, err := readInputs(t, inputs)
	if err != nil {
		if difyapi.IsBadResponse(err) && !jsontext.Value(inputs).IsValid(jsontext.AllowInvalidUTF8(true)) {
			return // a name twice outside of a string, or too deep
		}
		t.Fatal(err)
	}
	value, err := run.Inputs.Value()
	if (err == nil) != json.Valid([]byte(text)) {
		t.Fatalf("%q: error %v", text, err)
	}
	if err != nil || value == nil {
		return
	}
	if !json.Valid(value) || !utf8.Valid(value) {
		t.Errorf("%q became %q", text, value)
	}
	if diff := cmp.Diff(decodeExactly(t, []byte(text)), decodeExactly(t, value)); diff != "" {
		t.Errorf("%q became %q (-text +value):\n%s", text, value, diff)
	}
}

func decodeExactly(t *testing.T, text []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

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
