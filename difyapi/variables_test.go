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
