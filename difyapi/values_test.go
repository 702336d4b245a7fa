package difyapi_test

import (
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// rowWithRun reads a row of which the run has these members beside its id.
func rowWithRun(t *testing.T, members string) *difyapi.WorkflowLog {
	t.Helper()
	return readRow(t, `{"id":"`+logID+`","created_at":1795418445,"workflow_run":{"id":"`+runID+`",`+members+`}}`)
}

// readHere leaves out what no two readings of an entry have in common.
var readHere = cmpopts.IgnoreUnexported(difyapi.WorkflowLog{})

// TestOddFormsOfOneMeaningAreRead in lists as in details: there is one thing that they can mean.
func TestOddFormsOfOneMeaningAreRead(t *testing.T) {
	t.Parallel()
	at := time.Unix(1795418445, 0).UTC()
	for members, want := range map[string]difyapi.WorkflowRun{
		`"total_tokens":12345.0`:                               {TotalTokens: new(int64(12345))},
		`"total_tokens":"123"`:                                 {TotalTokens: new(int64(123))},
		`"total_tokens":" 123.00 "`:                            {TotalTokens: new(int64(123))},
		`"total_tokens":1.2e3`:                                 {TotalTokens: new(int64(1200))},
		`"total_tokens":9007199254740993.0`:                    {TotalTokens: new(int64(9007199254740993))},
		`"total_steps":"7","exceptions_count":-0.0`:            {TotalSteps: new(7), ExceptionsCount: new(0)},
		`"elapsed_time":"12.5"`:                                {ElapsedTime: new(12.5)},
		`"elapsed_time":3`:                                     {ElapsedTime: new(3.0)},
		`"finished_at":1795418445123`:                          {FinishedAt: &at},
		`"finished_at":1795418445.75`:                          {FinishedAt: &at},
		`"finished_at":"1795418445"`:                           {FinishedAt: &at},
		`"created_at":"2026-11-23T09:20:45+02:00"`:             {CreatedAt: &at},
		`"created_at":"2026-11-23T07:20:45"`:                   {CreatedAt: &at},
		`"created_at":"Mon, 23 Nov 2026 07:20:45 GMT"`:         {CreatedAt: &at},
		`"version":5,"error":false`:                            {Version: new("5"), Error: new("false")},
		`"status":{"secret":1}`:                                {Status: `{"secret":1}`},
		`"status":["failed"]`:                                  {Status: `["failed"]`},
		`"total_tokens":null,"status":null,"finished_at":null`: {},
	} {
		want.ID = uuid.MustParse(runID)
		if diff := cmp.Diff(&want, rowWithRun(t, members).WorkflowRun); diff != "" {
			t.Errorf("%s (-want +got):\n%s", members, diff)
		}
		run, err := readRun(t, `{"id":"`+strings.ToUpper(runID)+`",`+members+`}`)
		if err != nil {
			t.Fatalf("%s: %v", members, err)
		}
		if diff := cmp.Diff(want, run.WorkflowRun); diff != "" {
			t.Errorf("detail with %s (-want +got):\n%s", members, diff)
		}
	}
}

// TestValuesWithoutAMeaningCostThemselvesAlone: the field is missing, its object names it, and all else stands.
func TestValuesWithoutAMeaningCostThemselvesAlone(t *testing.T) {
	t.Parallel()
	values := map[string][]string{
		"total_tokens":     {`true`, `"many"`, `1.5`, `1e300`, `9223372036854775808`, `{}`, `[1]`, `NaN`, `-Infinity`, `"NaN"`, `""`, `"0x10"`, `"1_000"`},
		"total_steps":      {`false`, `"1,5"`, `Infinity`},
		"exceptions_count": {`[]`, `1.25`},
		"elapsed_time":     {`NaN`, `"NaN"`, `"inf"`, `true`, `1e999`, `{"secret":1}`},
		"created_at":       {`-5`, `253402300800`, `1e15`, `"soon"`, `{}`, `true`, `NaN`, `"2026-11-23"`, `"0000-11-23T06:22:53"`},
		"finished_at":      {`["secret"]`, `1e300`, `Infinity`},
		"version":          {`{}`, `NaN`},
		"error":            {`{"secret":"x"}`, `[1]`, `-Infinity`},
		"triggered_from":   {`["app-run"]`},
	}
	for name, odd := range values {
		for _, value := range odd {
			row := rowWithRun(t, `"status":"failed","`+name+`":`+value)
			want := &difyapi.WorkflowRun{ID: uuid.MustParse(runID), Status: "failed", Unreadable: difyapi.Unreadable{name}}
			if diff := cmp.Diff(want, row.WorkflowRun); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", name, value, diff)
			}
			err := row.WorkflowRun.Unreadable.Err(name)
			if !difyapi.IsBadResponse(err) || strings.Contains(err.Error(), "secret") || row.WorkflowRun.Unreadable.Err("status") != nil {
				t.Errorf("%s of %s: %v", name, value, err)
			}
		}
	}
}

// TestObjectsWithoutAMeaningCostThemselvesAlone: what has no id can't be shown, either.
func TestObjectsWithoutAMeaningCostThemselvesAlone(t *testing.T) {
	t.Parallel()
	for members, want := range map[string]difyapi.WorkflowLog{
		`"workflow_run":"gone"`:                                            {Unreadable: difyapi.Unreadable{"workflow_run"}},
		`"workflow_run":[]`:                                                {Unreadable: difyapi.Unreadable{"workflow_run"}},
		`"workflow_run":{"status":"running"}`:                              {Unreadable: difyapi.Unreadable{"workflow_run"}},
		`"workflow_run":{"id":7}`:                                          {Unreadable: difyapi.Unreadable{"workflow_run"}},
		`"created_by_end_user":NaN`:                                        {Unreadable: difyapi.Unreadable{"created_by_end_user"}},
		`"created_by_end_user":{"type":"browser"}`:                         {Unreadable: difyapi.Unreadable{"created_by_end_user"}},
		`"created_by_account":5`:                                           {Unreadable: difyapi.Unreadable{"created_by_account"}},
		`"created_by_account":{"id":true,"name":{},"email":"a@b.com"}`:     {CreatedByAccount: &difyapi.Account{Email: new("a@b.com"), Unreadable: difyapi.Unreadable{"id", "name"}}},
		`"created_by_account":{"email":"a@b.com"}`:                         {CreatedByAccount: &difyapi.Account{Email: new("a@b.com"), Unreadable: difyapi.Unreadable{"id"}}},
		`"created_by_account":{"id":null}`:                                 {CreatedByAccount: &difyapi.Account{Unreadable: difyapi.Unreadable{"id"}}},
		`"created_by_account":{"id":"` + uuid.Nil.String() + `"}`:          {CreatedByAccount: &difyapi.Account{Unreadable: difyapi.Unreadable{"id"}}},
		`"details":{"a":[NaN]}`:                                            {Unreadable: difyapi.Unreadable{"details"}},
		`"details":` + strings.Repeat("[", 501) + strings.Repeat("]", 501): {Unreadable: difyapi.Unreadable{"details"}},
		`"details":"{ text }"`:                                             {Details: []byte(`"{ text }"`)},
		`"created_from":{"a":1},"created_by_role":7`:                       {CreatedFrom: `{"a":1}`, CreatedByRole: "7"},
		`"new":{"deep":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `,"and":NaN}`: {},
	} {
		want.ID, want.CreatedAt = uuid.MustParse(logID), time.Unix(1795418445, 0).UTC()
		row := readRow(t, `{"id":"`+logID+`",`+members+`,"created_at":1795418445}`)
		if diff := cmp.Diff(&want, row, readHere); diff != "" {
			t.Errorf("%.60s (-want +got):\n%s", members, diff)
		}
	}
}

// TestPlacesOfWhatCannotBeRead: the receipt tells where, for a log, by names of the API alone.
func TestPlacesOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	at := func(id, members string) string { return `{"id":"` + id + `","created_at":1795418445` + members + `}` }
	body := pageOf(at(logID, ``), at(runID, `,"details":{"secret":NaN},"workflow_run":{"id":"`+runID+`","total_tokens":true,"secret":NaN}`))
	client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, body)})
	page, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"data[1].details", "data[1].workflow_run.total_tokens"}; !slices.Equal(page.UnreadablePlaces, want) {
		t.Errorf("places %q, want %q", page.UnreadablePlaces, want)
	}
}

func TestUnreadableProfile(t *testing.T) {
	t.Parallel()
	profile, err := readEndUser(t, `{"id":"`+userID+`","is_anonymous":1,"name":{"secret":1},"updated_at":"2026-11-23","created_at":1795418445}`)
	if err != nil {
		t.Fatal(err)
	}
	if !*profile.IsAnonymous || profile.CreatedAt.Unix() != 1795418445 || profile.Name != nil || profile.UpdatedAt != nil {
		t.Errorf("profile %+v", profile)
	}
	if want := (difyapi.Unreadable{"name", "updated_at"}); !slices.Equal(profile.Unreadable, want) {
		t.Errorf("unreadable are %q, want %q", profile.Unreadable, want)
	}
}

func TestUnreadableInfo(t *testing.T) {
	t.Parallel()
	client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, `{"name":"Echo","mode":{},"tags":["a",7]}`)})
	info, err := client.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (difyapi.Unreadable{"mode", "tags"}); *info.Name != "Echo" || !slices.Equal(info.Unreadable, want) {
		t.Errorf("info %+v", info)
	}
}

// TestTextsInRunsThatAreNoJSON are found all the same: what is readable is looked at.
func TestTextsInRunsThatAreNoJSON(t *testing.T) {
	t.Parallel()
	for _, inputs := range []string{`{"score":NaN,"text":"The Needle"}`, strings.Repeat("[", 20_000) + `"the needle"` + strings.Repeat("]", 20_000)} {
		run, err := readInputs(t, inputs)
		if err != nil {
			t.Fatal(err)
		}
		if !run.Inputs.Has(difyapi.NewText("the needle")) || run.Inputs.Has(difyapi.NewText("another")) {
			t.Errorf("%.40s: the text is not found", inputs)
		}
	}
}

// TestWhatIsUnreadableIsSaid: for each member of each object of the API, that it can't be read and what it should be, by its type.
func TestWhatIsUnreadableIsSaid(t *testing.T) {
	t.Parallel()
	forms := map[reflect.Type]string{
		reflect.TypeFor[int](): "a whole number", reflect.TypeFor[int64](): "a whole number", reflect.TypeFor[float64](): "a number",
		reflect.TypeFor[bool](): "true or false", reflect.TypeFor[time.Time](): "a time", reflect.TypeFor[uuid.UUID](): "a UUID",
		reflect.TypeFor[string](): "a text", reflect.TypeFor[difyapi.RunStatus](): "a text", reflect.TypeFor[[]string](): "a list of texts",
		reflect.TypeFor[jsontext.Value]():      "JSON",
		reflect.TypeFor[difyapi.WorkflowRun](): "an object", reflect.TypeFor[difyapi.Account](): "an object", reflect.TypeFor[difyapi.EndUser](): "an object",
	}
	for _, object := range []any{difyapi.WorkflowLog{}, difyapi.WorkflowRun{}, difyapi.Account{}, difyapi.EndUser{}, difyapi.EndUserProfile{}, difyapi.AppInfo{}, difyapi.WorkflowRunDetail{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(object)) {
			member, of := field.Tag.Get("json"), field.Type
			if member == "" || member == "-" || of == reflect.TypeFor[difyapi.Variables]() {
				continue
			}
			if of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			err := difyapi.Unreadable{member}.Err(member)
			reason, _ := errors.AsType[difyapi.Reason](err)
			if forms[of] == "" || !strings.HasPrefix(string(reason), member+" is not "+forms[of]) || !difyapi.IsUnreadable(err) {
				t.Errorf("%T: %q of a %v", object, reason, of)
			}
		}
	}
}

var notUUIDs = map[string]string{
	"empty":           "",
	"word":            "not-a-uuid",
	"URN":             "urn:uuid:" + runID,
	"braces":          "{" + runID + "}",
	"without hyphens": strings.ReplaceAll(runID, "-", ""),
	"hyphens astray":  "7564e10c6-c67-42f2-9f55-4149dcb51d75",
	"no hex digit":    "7564e10g-6c67-42f2-9f55-4149dcb51d75",
	"36 letters":      strings.Repeat("a", 36),
	"path":            "../../info",
	"path of 36":      "7564e10c-6c67-42f2-9f55-4149dcb51d/5",
	"query":           runID[:34] + "?a",
	"blank before":    " " + runID,
	"36 bytes":        strings.Repeat("京", 12),
	"two":             runID + runID,
}

// TestNotUUID holds that such an id is refused by all that take one, and never sent.
func TestNotUUID(t *testing.T) {
	t.Parallel()
	client := newClient(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		t.Errorf("sent %s", req.URL)
		return nil, errors.New("sent")
	})})
	for name, id := range notUUIDs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, parsed := difyapi.ParseUUID(id)
			_, run := client.WorkflowRun(t.Context(), id)
			_, endUser := client.EndUser(t.Context(), id)
			for _, err := range []error{parsed, run, endUser} {
				if !errors.Is(err, difyapi.ErrNotUUID) || id != "" && strings.Contains(err.Error(), id) {
					t.Errorf("%q: %v", id, err)
				}
			}
		})
	}
}

func TestParseUUID(t *testing.T) {
	t.Parallel()
	for _, text := range []string{runID, strings.ToUpper(runID), "00000000-0000-0000-0000-000000000000"} {
		if id, err := difyapi.ParseUUID(text); err != nil || id.String() != strings.ToLower(text) {
			t.Errorf("%s: %v, %v", text, id, err)
		}
	}
}

// TestUUIDAsSent holds that an id goes out in the case that Dify writes, since not every database compares UUIDs as such.
func TestUUIDAsSent(t *testing.T) {
	t.Parallel()
	var sent []string
	client := newClient(t, difyapi.Options{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		sent = append(sent, req.Method+" "+req.URL.RequestURI())
		return response(req, http.StatusOK, `{"id":"`+strings.ToUpper(runID)+`"}`), nil
	})})
	if _, err := client.WorkflowRun(t.Context(), strings.ToUpper(runID)); err != nil {
		t.Error(err)
	}
	if _, err := client.EndUser(t.Context(), strings.ToUpper(runID)); err != nil {
		t.Error(err)
	}
	if want := "GET /v1/workflows/run/" + runID + " GET /v1/end-users/" + runID; strings.Join(sent, " ") != want {
		t.Errorf("sent %s\nwant %s", sent, want)
	}
}
