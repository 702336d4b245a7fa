// Package doctor finds out of apps whether they are of use, and says what to do where they are not. It asks GET /info and the log, and
// nothing that a Dify could suffer from.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// App is an app to look at.
type App struct {
	App     string // its configured key
	BaseURL string
	Client  *difyapi.Client
	// Log reads the newest entry of the app's log, and holds the app's clock against it.
	Log func(ctx context.Context, client *difyapi.Client) error
	// At makes a client of the same app at another base URL. If it is nil, none is tried.
	At func(baseURL string) (*difyapi.Client, error)
	// Connections is how many the configuration allows to the app's server.
	Connections int
}

// Finding is what is found of an app, and an element of what `check --json` prints.
type Finding struct {
	App string `json:"app"`
	// Asked are the URLs that were asked, in order.
	Asked []string `json:"asked"`
	// Answers says that the app can be served.
	Answers bool `json:"answers"`
	// Version and Mode are Dify's; empty where they are not known.
	Version string `json:"version,omitempty"`
	Mode    string `json:"mode,omitempty"`
	// Error is why the app can't be served, and Hints what to look at, also where it can. Neither shows a key.
	Error string   `json:"error,omitempty"`
	Hints []string `json:"hints,omitempty"`
}

// Examine looks at an app, for as long as ctx lasts.
func Examine(ctx context.Context, p App) Finding {
	base := strings.TrimRight(p.BaseURL, "/")
	f := Finding{App: p.App, Asked: []string{base + "/info"}}
	info, err := p.Client.Info(ctx)
	if err == nil {
		f.Asked = append(f.Asked, base+"/workflows/logs")
		err = p.Log(ctx, p.Client)
	}
	if err != nil {
		f.Error = err.Error()
		f.hint(p.elsewhere(ctx, base, err))
		return f
	}
	f.Answers, f.Version = true, p.Client.Version().String()
	if info.Mode != nil {
		f.Mode = *info.Mode
	}
	f.hint(modeHint(f.Mode))
	f.hint(connectionsHint(p.Client.Version(), p.Connections))
	return f
}

func (f *Finding) hint(text string) {
	if text != "" {
		f.Hints = append(f.Hints, text)
	}
}

// elsewhere finds the base URL that was meant, with /v1 or without, where something other than Dify's API has answered.
func (p App) elsewhere(ctx context.Context, base string, err error) string {
	if p.At == nil || !difyapi.IsBadResponse(err) {
		return ""
	}
	other, cut := strings.CutSuffix(base, "/v1")
	if !cut {
		other = base + "/v1"
	}
	client, err := p.At(other)
	if err != nil {
		return ""
	}
	_, err = client.Info(ctx)
	if err != nil && !difyapi.IsUnauthorized(err) {
		return ""
	}
	return "Dify answers at " + other + ": did you mean that baseURL?"
}

// modeHint is for apps whose lists stay empty.
func modeHint(mode string) string {
	if mode == "" || mode == "workflow" {
		return ""
	}
	return fmt.Sprintf("Dify records no workflow logs of apps of mode %s: its lists stay empty", mode)
}

// dense is from when on Dify's image has ten connections for everybody.
var dense = difyapi.ParseVersion("1.14.2")

const places = 10

func connectionsHint(version difyapi.Version, connections int) string {
	if connections < places || version.IsZero() || !version.AtLeast(dense) {
		return ""
	}
	return fmt.Sprintf("limits.connectionsPerServer is %d, and a Dify of this version has %d for everybody unless SERVER_WORKER_CLASS=gevent is set for it",
		connections, places)
}

// Report is what is found of all apps, in the order of the configuration; in JSON what `check --json` prints.
type Report struct {
	Apps []Finding `json:"apps"`
}

// ExamineAll looks at all apps side by side, at each for so long.
func ExamineAll(ctx context.Context, apps []App, most time.Duration) Report {
	r := Report{make([]Finding, len(apps))}
	var calls sync.WaitGroup
	for i, app := range apps {
		calls.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, most)
			defer cancel()
			r.Apps[i] = Examine(ctx, app)
		})
	}
	calls.Wait()
	return r
}

// ExamineInTurn looks at the apps of each server one after the other, at each for so long, and tells what it finds of each. It may
// tell of apps of several servers at once. It ends early with ctx, and tells nothing of the app that it was looking at then.
func ExamineInTurn(ctx context.Context, apps []App, most time.Duration, tell func(Finding)) {
	servers := make(map[string][]App)
	for _, p := range apps {
		servers[p.server()] = append(servers[p.server()], p)
	}
	var looks sync.WaitGroup
	for _, queue := range servers {
		looks.Go(func() {
			for _, app := range queue {
				look, cancel := context.WithTimeout(ctx, most)
				found := Examine(look, app)
				cancel()
				if ctx.Err() != nil {
					return
				}
				tell(found)
			}
		})
	}
	looks.Wait()
}

// server is what the app's base URL says of where it is.
func (p App) server() string {
	base, err := url.Parse(p.BaseURL)
	if err != nil {
		return p.BaseURL
	}
	return base.Host
}

// Print writes a table for people: two lines for each app, and its hints below.
func (r Report) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range r.Apps {
		if f.Answers {
			fmt.Fprintf(table, "%s\tanswers\tDify %s\tmode %s\n", f.App, cmp.Or(f.Version, "unknown"), cmp.Or(f.Mode, "unknown"))
		} else {
			fmt.Fprintf(table, "%s\tfails\t%s\n", f.App, f.Error)
		}
		fmt.Fprintf(table, "\tasked\t%s\n", strings.Join(f.Asked, ", "))
		for _, hint := range f.Hints {
			fmt.Fprintf(table, "\thint\t%s\n", hint)
		}
	}
	return table.Flush()
}

// ErrFailing is for apps that do not all answer.
var ErrFailing = errors.New("not all apps answer")

// Verdict is ErrFailing where an app can't be served; a hint alone is no reason.
func (r Report) Verdict() error {
	for _, f := range r.Apps {
		if !f.Answers {
			return ErrFailing
		}
	}
	return nil
}
