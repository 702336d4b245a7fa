package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// An attack is one thing that a caller can do to a server. What it gets for it is of no interest.
type attack struct {
	name string
	do   func(*attacker, context.Context)
}

// attacks are those that a caller with a token can make, and a stranger.
var attacks = []attack{
	{"fragments without fields, spread by the dozen", func(a *attacker, ctx context.Context) { a.query(ctx, fragmentBomb(12, 40), nil) }},
	{"many names for one large field", func(a *attacker, ctx context.Context) { a.query(ctx, manyNames("large", "inputs", 100), nil) }},
	{"many names for one small field", func(a *attacker, ctx context.Context) { a.query(ctx, manyNames("healthy", "statusText", 90), nil) }},
	{"a list in a variable, used by many", func(a *attacker, ctx context.Context) {
		a.query(ctx, manyUses(25), map[string]any{"v": make([]string, 50_000)})
	}},
	{"a variable that nobody declares", func(a *attacker, ctx context.Context) {
		a.query(ctx, `{difyApps {key}}`, map[string]any{"undeclared": make([]struct{}, 300_000)})
	}},
	{"a variable in itself", func(a *attacker, ctx context.Context) {
		a.post(ctx, fmt.Sprintf(`{"query": "query($v: [ID!]!) {nodes(ids: $v) {id}}", "variables": {"v": %s}}`, strings.Repeat("[", 200_000)), nil)
	}},
	{"introspection by many names", func(a *attacker, ctx context.Context) { a.query(ctx, introspection(30), nil) }},
	{"introspection in itself", func(a *attacker, ctx context.Context) {
		a.query(ctx, "{__schema {types {"+strings.Repeat("fields {type {", 5)+"name"+strings.Repeat("}}", 5)+"}}}", nil)
	}},
	{"a crowded second", func(a *attacker, ctx context.Context) {
		a.query(ctx, `{workflowLogs(apps: ["crowded"], first: 100) {nodes {uuid}}}`, nil)
	}},
	{"an app that does not answer", func(a *attacker, ctx context.Context) {
		a.query(ctx, `{workflowLogs(apps: ["hanging"], first: 1) {nodes {uuid}}}`, nil)
	}},
	{"many apps that do not answer, and one that does", func(a *attacker, ctx context.Context) {
		a.query(ctx, `{workflowLogs(first: 1, onAppFailure: PARTIAL) {nodes {uuid}}}`, nil)
	}},
	{"runs that do not exist", func(a *attacker, ctx context.Context) {
		a.query(ctx, fmt.Sprintf(`{workflowRun(app: "healthy", uuid: %q) {inputs}}`, uuid.NewString()), nil)
	}},
	{"a thousand references", func(a *attacker, ctx context.Context) {
		references := make([]map[string]string, 1000)
		for i := range references {
			references[i] = map[string]string{"__typename": "DifyApp", "key": "healthy"}
		}
		a.query(ctx, `query($r: [_Any!]!) {_entities(representations: $r) {... on DifyApp {key mode}}}`, map[string]any{"r": references})
	}},
	{"every document another one", func(a *attacker, ctx context.Context) {
		a.query(ctx, fmt.Sprintf(`{difyApps {a%d: key}} # %s`, rand.Int64(), strings.Repeat("x", 1000)), nil)
	}},
	{"an answer that nobody waits for", func(a *attacker, ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		a.query(ctx, `{workflowLogs(apps: ["healthy"], last: 100) {nodes {workflowRun {outputs}}}}`, nil)
	}},
	{"a long header of a stranger", func(a *attacker, ctx context.Context) {
		a.post(ctx, `{"query": "{difyApps {key}}"}`, http.Header{"Accept": {strings.Repeat("a/b;q=0.1,", 6000)}, "Authorization": {"Bearer dg_wrong"}})
	}},
	{"wrong tokens", func(a *attacker, ctx context.Context) {
		a.post(ctx, `{"query": "{difyApps {key}}"}`, http.Header{"Authorization": {"Bearer eyJhbGciOiJSUzI1NiJ9.e30." + strings.Repeat("A", 4000)}})
	}},
	{"a body that takes its time", func(a *attacker, ctx context.Context) { a.drip(ctx) }},
	{"connections without a request", func(a *attacker, ctx context.Context) { a.idle(ctx, 50) }},
}

func fragmentBomb(fragments, spreads int) string {
	var text strings.Builder
	text.WriteString("{difyApps {...f0}}")
	for i := range fragments {
		fmt.Fprintf(&text, " fragment f%d on DifyApp {%s}", i, strings.Repeat(fmt.Sprintf("...f%d ", i+1), spreads))
	}
	return text.String()
}

func manyNames(app, field string, names int) string {
	var text strings.Builder
	for i := range names {
		fmt.Fprintf(&text, "a%d: %s ", i, field)
	}
	return fmt.Sprintf(`{workflowLogs(apps: [%q], first: 20) {nodes {workflowRun {%s}}}}`, app, text.String())
}

func manyUses(uses int) string {
	var text strings.Builder
	for i := range uses {
		fmt.Fprintf(&text, "a%d: workflowLogs(apps: $v) {totalCount} ", i)
	}
	return "query($v: [String!]) {" + text.String() + "}"
}

func introspection(names int) string {
	var text strings.Builder
	for i := range names {
		fmt.Fprintf(&text, "a%d: __schema {types {name description fields {name description args {name type {name}} type {name}}}} ", i)
	}
	return "{" + text.String() + "}"
}

// attacker makes attacks under a token of its own.
type attacker struct {
	url, address, token string
	client              *http.Client

	mu    sync.Mutex
	count map[string]int
}

// run makes attacks side by side until ctx ends.
func (a *attacker) run(ctx context.Context, atOnce int) {
	var running sync.WaitGroup
	for range atOnce {
		running.Go(func() {
			for ctx.Err() == nil {
				next := attacks[rand.IntN(len(attacks))]
				a.mu.Lock()
				a.count[next.name]++
				a.mu.Unlock()
				next.do(a, ctx)
			}
		})
	}
	running.Wait()
}

func (a *attacker) query(ctx context.Context, query string, variables map[string]any) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		panic(err) // texts and lists alone
	}
	a.post(ctx, string(body), nil)
}

func (a *attacker) post(ctx context.Context, body string, header http.Header) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, strings.NewReader(body))
	if err != nil {
		return
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+a.token)
	maps.Copy(request.Header, header)
	response, err := a.client.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
}

// drip sends a body byte by byte.
func (a *attacker) drip(ctx context.Context) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", a.address)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n\r\n", a.address, a.token)
	a.pause(ctx, conn, bytes.Repeat([]byte(" "), 1000))
}

// idle opens connections and sends nothing.
func (a *attacker) idle(ctx context.Context, connections int) {
	for range connections {
		if conn, err := new(net.Dialer).DialContext(ctx, "tcp", a.address); err == nil {
			defer func() { _ = conn.Close() }()
		}
	}
	a.pause(ctx, nil, nil)
}

// pause lasts two seconds, in which bytes are written now and then.
func (a *attacker) pause(ctx context.Context, conn net.Conn, chunk []byte) {
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for range 20 {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		if conn == nil {
			continue
		}
		if _, err := conn.Write(chunk); err != nil {
			return
		}
	}
}
